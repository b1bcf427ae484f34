/** The gRPC end of the node agents: who they are, their sessions, and which nodes are lost. */
import grpc, { type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall } from '@grpc/grpc-js';
import { type Certificates, agentPortCredentials } from './credentials.ts';
import { Dispatch, type DispatchCaches } from './dispatch.ts';
import { Forwarding } from './forwarding.ts';
import { Liveness } from './liveness.ts';
import type { NodeTunnels } from './port.ts';
import { registerNode } from './registration.ts';
import { ReportWriter } from './reports.ts';
import { NodeSession } from './session.ts';
import { type ServerLoad, Spreading } from './spreading.ts';
import { Tunnels } from './tunnels.ts';
import type { TokenRequest } from '../../api/types/authentication.v1.ts';
import type { Node } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import {
  type AgentMessage,
  type EncodedMessage,
  type Frame,
  type Hello,
  MESSAGE_BYTES,
  PROTOCOL,
  type ServerMessage,
  type TokenIssued,
  type TokenWanted,
  type Welcome,
  agentsService,
} from '../../lib/link/proto.ts';
import type { Log } from '../../lib/log.ts';
import { SERVER_USER } from '../user.ts';
import type { Registry } from '../registry/port.ts';

type Peer = Pick<ServerDuplexStream<unknown, unknown>, 'getAuthContext'>;
type SessionStream = ServerDuplexStream<AgentMessage, ServerMessage | EncodedMessage>;

/** An agent that has connected says hello within this time. */
const HELLO_MILLISECONDS = 5000;
const NODE_USER = 'system:node:';

/** Where all servers can see which node has a session, and with whom. */
export interface SessionKeys {
  put(node: string): Promise<void>;
  delete(node: string): Promise<void>;
  /** Whether all servers certainly see now that the session is here, and have seen so ever since `put`. */
  holds(node: string): boolean;
}

/** The servers, this one among them, and who of them has which node. */
export interface Servers {
  /** `host:port` for agents of each server that works now; this one first. */
  agentServers(): string[];
  onServers(listener: () => void): () => void;
  /** How many nodes each of them has; this one first. */
  loads(): ServerLoad[];
  /** The same of the other server that holds the node's session; undefined when none does, or this one. */
  holderOf(node: string): string | undefined;
}

export interface NodeSessionsOptions {
  /** `address:port` to listen on. */
  listen: string;
  certificates: Certificates;
  registry: Registry;
  caches: DispatchCaches;
  keys: SessionKeys;
  servers: Servers;
  welcome: Welcome;
  /** How long the agent of a node whose connection was closed has to come back. */
  closedMilliseconds: number;
  onPause(milliseconds: number): void;
  /** Makes a token for a pod of the node. Rejects with a StatusError for any other. */
  issueToken(node: string, namespace: string, account: string, request: TokenRequest): Promise<TokenRequest>;
  clock: Clock;
  log: Log;
}

export class NodeSessions implements Component {
  readonly name = 'node sessions';
  /** To all nodes, whichever server they are connected to. */
  readonly tunnels: NodeTunnels;
  private readonly ownTunnels: Tunnels;
  private readonly forwarding: Forwarding;
  private readonly options: NodeSessionsOptions;
  private readonly dispatch: Dispatch;
  private readonly liveness: Liveness;
  private readonly spreading: Spreading;
  private readonly sessions = new Map<string, NodeSession>();
  private readonly server: grpc.Server;
  private endServers: (() => void) | undefined;
  private endDoubts: () => void = () => undefined;

  constructor(options: NodeSessionsOptions) {
    this.options = options;
    this.dispatch = new Dispatch(options);
    this.ownTunnels = new Tunnels({
      clock: options.clock,
      send: (node, message) => {
        const session = this.sessions.get(node);
        session?.send(message);
        return session !== undefined;
      },
    });
    this.forwarding = new Forwarding({
      local: this.ownTunnels,
      holderOf: (node) => (this.sessions.has(node) ? undefined : options.servers.holderOf(node)),
      credentials: () => credentialsOf(options.certificates),
      clock: options.clock,
      log: options.log,
    });
    this.tunnels = this.forwarding;
    this.liveness = new Liveness({
      clock: options.clock,
      silentMilliseconds: options.welcome.timeoutMilliseconds,
      closedMilliseconds: options.closedMilliseconds,
      onLost: (node, silence) => this.lost(node, silence),
      onPause: (milliseconds) => options.onPause(milliseconds),
    });
    this.spreading = new Spreading({
      loads: () => options.servers.loads(),
      onServers: (listener) => options.servers.onServers(listener),
      spared: () => [...this.sessions.keys()].filter((node) => !this.ownTunnels.isUsed(node)),
      move: (node, to) => void this.sessions.get(node)?.send({ move: { address: to } }),
      holderOf: (node) => options.servers.holderOf(node),
      clock: options.clock,
      log: options.log,
    });
    this.server = new grpc.Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES });
    this.server.addService(agentsService, {
      Session: (stream: SessionStream) => this.greet(stream),
      Carry: (stream: ServerDuplexStream<Frame, Frame>) => this.carry(stream),
      Forward: (stream: ServerDuplexStream<Frame, Frame>) => this.forward(stream),
      IssueToken: (call: ServerUnaryCall<TokenWanted, TokenIssued>, answer: sendUnaryData<TokenIssued>) =>
        void this.issueToken(call, answer),
    });
  }

  /** The nodes whose agents are connected to this server. */
  get connected(): readonly string[] {
    return [...this.sessions.keys()];
  }

  async start(): Promise<void> {
    const { listen, certificates } = this.options;
    const credentials = agentPortCredentials(certificates);
    this.dispatch.start();
    this.endDoubts = this.options.caches.nodes.view.subscribe(({ object }) => this.doubt(object));
    await this.liveness.start();
    this.endServers = this.options.servers.onServers(() => this.serversChanged());
    await this.spreading.start();
    await new Promise<void>((resolve, reject) => {
      this.server.bindAsync(listen, credentials, (error) => (error ? reject(error) : resolve()));
    });
  }

  async stop(): Promise<void> {
    this.endServers?.();
    await this.spreading.stop();
    this.forwarding.close();
    await this.liveness.stop();
    this.endDoubts();
    for (const session of this.sessions.values()) session.close('the server stops');
    this.dispatch.stop();
    await new Promise<void>((resolve) => {
      const force = this.options.clock.after(1000, () => {
        this.server.forceShutdown();
        resolve();
      });
      this.server.tryShutdown(() => {
        force.cancel();
        resolve();
      });
    });
  }

  /**
   * The others may think by now that this server is dead, and its nodes with it: their agents must not take its word
   * for being alive any more.
   */
  cutOff(): void {
    if (this.options.servers.agentServers().length < 2) return;
    this.options.log.warn({ nodes: this.sessions.size }, 'cut off from the store; sending the agents to other servers');
    for (const session of this.sessions.values()) session.close('the server is cut off from the store');
  }

  /**
   * For a while the store knew of none of these sessions, and pods may have been taken from the nodes without their agents
   * having been told: they begin anew.
   */
  cameBack(): void {
    for (const session of this.sessions.values()) session.close('the server was cut off from the store; begin again');
  }

  private serversChanged(): void {
    const addresses = this.options.servers.agentServers();
    this.forwarding.keepOnly(addresses);
    for (const session of this.sessions.values()) session.send({ servers: { addresses } });
  }

  private greet(stream: SessionStream): void {
    const timer = this.options.clock.after(HELLO_MILLISECONDS, () =>
      refuse(stream, grpc.status.DEADLINE_EXCEEDED, 'no hello'),
    );
    stream.on('error', () => timer.cancel());
    let session: NodeSession | undefined;
    const early: AgentMessage[] = [];
    stream.on('data', (message: AgentMessage) => {
      if (session) session.receive(message);
      else if (message.hello) {
        timer.cancel();
        this.admit(stream, message.hello)
          .then((admitted) => {
            session = admitted;
            for (const waiting of early.splice(0)) session?.receive(waiting);
          })
          .catch((error: unknown) => {
            this.options.log.warn({ err: error, node: message.hello?.nodeName }, 'an agent could not be admitted');
            refuse(stream, grpc.status.UNAVAILABLE, error instanceof Error ? error.message : 'not admitted');
          });
      } else if (early.length < 16) early.push(message);
      else refuse(stream, grpc.status.FAILED_PRECONDITION, 'the first message is hello');
    });
  }

  private async admit(stream: SessionStream, hello: Hello): Promise<NodeSession | undefined> {
    const refusal = this.refusalOf(stream, hello);
    if (refusal) {
      this.options.log.warn({ node: hello.nodeName, reason: refusal.message }, 'an agent was refused');
      refuse(stream, refusal.code, refusal.message);
      return undefined;
    }
    const node = hello.nodeName;
    const { registry, clock, welcome } = this.options;
    const log = this.options.log.child({ node });
    // No judgement of the session before while this one is being made: it would take this one's key away.
    this.liveness.forget(node);
    // The session first: whoever sees the node ready again must not find it without one, and judge it lost once more.
    await this.claim(node);
    const registered = await this.register(hello);
    await this.catchUp(node);
    this.sessions.get(node)?.close('the agent has opened another session');
    const session = new NodeSession({
      node,
      instance: hello.instance,
      revision: revisionOf(registered),
      stream,
      writer: new ReportWriter({ registry, node, log }),
      clock,
      log,
      isProven: () => this.options.keys.holds(node),
      onHeard: () => this.liveness.heard(node),
      onClosed: () => this.ended(session),
    });
    this.sessions.set(node, session);
    this.liveness.heard(node);
    this.spreading.arrived(node);
    session.send({ welcome });
    session.send({ servers: { addresses: this.options.servers.agentServers() } });
    session.feedFrom(this.dispatch.add(node, (message) => session.send(message)));
    log.info({ version: hello.version }, 'node connected');
    this.doubt(this.options.caches.nodes.view.get(node));
    return session;
  }

  private async register(hello: Hello): Promise<Node> {
    try {
      return await registerNode(this.options.registry, parseNode(hello));
    } catch (error) {
      this.liveness.heard(hello.nodeName);
      throw error;
    }
  }

  /**
   * What was taken from the node before its session was there again must not be told to it as its own. What would be taken
   * after that is not: see `absent` in the plans for lost nodes.
   */
  private async catchUp(node: string): Promise<void> {
    try {
      await this.options.caches.pods.whenFresh();
      if (!this.options.keys.holds(node)) throw new Error('the server is cut off from the store');
    } catch (error) {
      this.liveness.heard(node);
      throw error;
    }
  }

  /**
   * A judgement made on older news can overtake an agent's return: the node would stay marked as lost while its agent,
   * which has nothing new to tell, is heard. In its next session it tells everything again.
   */
  private doubt(node: Node | undefined): void {
    const session = this.sessions.get(node?.metadata.name ?? '');
    if (!node || !session || !isTakenForLost(node) || revisionOf(node) <= session.revision) return;
    session.close('the node was taken for lost meanwhile; tell its state again');
  }

  /**
   * A claim that failed, or that no session came of, is withdrawn as for any node that falls silent. At once would be too
   * early: until a moment ago another server may have told the agent that it is heard.
   */
  private async claim(node: string): Promise<void> {
    try {
      await this.options.keys.put(node);
    } catch (error) {
      this.liveness.heard(node);
      throw error;
    }
  }

  private refusalOf(stream: SessionStream, hello: Hello): { code: grpc.status; message: string } | undefined {
    const user = nodeOf(stream);
    if (user !== hello.nodeName) {
      const message = `the certificate is of node "${user}", not of "${hello.nodeName}"`;
      return { code: grpc.status.PERMISSION_DENIED, message };
    }
    if (hello.protocol !== PROTOCOL) {
      const message = `this server speaks version ${PROTOCOL} of the protocol, the agent ${hello.protocol}`;
      return { code: grpc.status.FAILED_PRECONDITION, message };
    }
    const present = this.sessions.get(hello.nodeName);
    if (present && present.instance !== hello.instance) {
      const message = `node "${hello.nodeName}" has an agent already; a second one of that name can not join`;
      return { code: grpc.status.ALREADY_EXISTS, message };
    }
    return undefined;
  }

  private carry(stream: ServerDuplexStream<Frame, Frame>): void {
    const node = nodeOf(stream);
    if (node === undefined) refuse(stream, grpc.status.PERMISSION_DENIED, 'only agents open streams');
    else this.ownTunnels.accept(node, stream);
  }

  private forward(stream: ServerDuplexStream<Frame, Frame>): void {
    if (peerOf(stream) === SERVER_USER) void this.forwarding.serve(stream);
    else refuse(stream, grpc.status.PERMISSION_DENIED, 'only servers forward streams');
  }

  private async issueToken(
    call: ServerUnaryCall<TokenWanted, TokenIssued>,
    answer: sendUnaryData<TokenIssued>,
  ): Promise<void> {
    const node = nodeOf(call);
    try {
      if (node === undefined) throw new Error('only agents are given tokens');
      const { namespace, account, request } = call.request;
      const wanted = JSON.parse(request.toString()) as TokenRequest;
      const issued = await this.options.issueToken(node, namespace, account, wanted);
      answer(null, { request: Buffer.from(JSON.stringify(issued)) });
    } catch (error) {
      const details = (error as Error).message;
      this.options.log.warn({ err: error, node }, 'a node was given no token');
      answer({ code: grpc.status.PERMISSION_DENIED, details });
    }
  }

  private ended(session: NodeSession): void {
    if (this.sessions.get(session.node) !== session) return;
    this.sessions.delete(session.node);
    this.dispatch.remove(session.node);
    this.liveness.closed(session.node);
    this.options.log.info({ node: session.node }, 'node disconnected');
  }

  private lost(node: string, silence: number): void {
    const isElsewhere = this.options.servers.holderOf(node) !== undefined;
    if (!isElsewhere) this.options.log.warn({ node, silentMilliseconds: Math.round(silence) }, 'node lost');
    this.sessions.get(node)?.close('silent for too long');
    this.options.keys.delete(node).catch((error: unknown) => {
      this.options.log.error({ err: error, node }, 'the session of a lost node could not be withdrawn');
    });
  }
}

function parseNode(hello: Hello): Node {
  const node = JSON.parse(hello.node.toString()) as Node;
  if (node.metadata?.name !== hello.nodeName) throw new Error('the node object in hello has another name');
  return node;
}

function isTakenForLost({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'Unknown') ?? false;
}

function revisionOf({ metadata }: Node): number {
  return Number(metadata.resourceVersion ?? 0);
}

/** The node that the peer's certificate was made for; undefined when it is nobody's. */
function nodeOf(stream: Peer): string | undefined {
  const name = peerOf(stream);
  return name?.startsWith(NODE_USER) ? name.slice(NODE_USER.length) : undefined;
}

function peerOf(stream: Peer): string | undefined {
  const name = stream.getAuthContext().sslPeerCertificate?.subject.CN;
  return typeof name === 'string' ? name : undefined;
}

function credentialsOf({ authorityCertificate, serverKeyPair }: Certificates): {
  ca: string;
  cert: string;
  key: string;
} {
  return { ca: authorityCertificate, cert: serverKeyPair.certificate, key: serverKeyPair.key };
}

function refuse(
  stream: ServerDuplexStream<never, never> | SessionStream | ServerDuplexStream<Frame, Frame>,
  code: grpc.status,
  details: string,
): void {
  stream.emit('error', { code, details });
}
