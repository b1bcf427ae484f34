/** The messages and the service of proto/agent.proto as both of its ends see them. */
import grpc from '@grpc/grpc-js';
import { Protocol } from '../protocol.ts';

/** The version of the protocol that this program speaks. */
export const PROTOCOL = 1;

export interface Hello {
  nodeName: string;
  version: string;
  protocol: number;
  node: Buffer;
  instance: string;
}

export interface PodReport {
  namespace: string;
  name: string;
  uid: string;
  status: Buffer;
  gone: boolean;
}

export interface VolumeRemoved {
  name: string;
  uid: string;
}

export interface Report {
  sequence: number;
  pods: PodReport[];
  nodeStatus: Buffer;
  events: Buffer[];
  volumes: VolumeRemoved[];
}

/** Exactly one of them is there. */
export interface AgentMessage {
  hello?: Hello;
  heartbeat?: { sequence: number };
  report?: Report;
}

export interface Welcome {
  heartbeatMilliseconds: number;
  timeoutMilliseconds: number;
  clusterDomain: string;
  clusterDns: string;
  clusterCidr: string;
  serviceCidr: string;
  leaseMilliseconds: number;
}

/** An empty object means: forget the key. */
export interface ObjectChange {
  resource: string;
  key: string;
  object: Buffer;
}

/** Exactly one of them is there. */
export interface ServerMessage {
  welcome?: Welcome;
  ack?: { sequence: number };
  changes?: { changes: ObjectChange[]; complete: boolean };
  reportAck?: { sequence: number };
  stream?: { id: string; wanted: Buffer };
  goodbye?: { reason: string };
  /** host:port of each server's port for agents. */
  servers?: { addresses: string[] };
  /** The server that the agent had better be connected to. */
  move?: { address: string };
}

/** `request` is a TokenRequest as JSON. */
export interface TokenWanted {
  namespace: string;
  account: string;
  request: Buffer;
}

export interface TokenIssued {
  request: Buffer;
}

export interface Frame {
  id: string;
  channel: number;
  data: Buffer;
  end: boolean;
}

type Definition<Request, Response> = grpc.MethodDefinition<Request, Response>;

interface AgentsService {
  Session: Definition<AgentMessage, ServerMessage>;
  Carry: Definition<Frame, Frame>;
  Forward: Definition<Frame, Frame>;
  IssueToken: Definition<TokenWanted, TokenIssued>;
}

const agents = new Protocol('agent.proto').service('dure.agent.v1.Agents') as grpc.ServiceDefinition & AgentsService;

/** A {@link ServerMessage} as it goes over the wire. */
export class EncodedMessage {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** For a message that goes to many agents: the work is done once. */
export function encodeForMany(message: ServerMessage): EncodedMessage {
  return new EncodedMessage(agents.Session.responseSerialize(message));
}

/** The service's methods, for `grpc.Server.addService` and `grpc.makeClientConstructor`. */
export const agentsService = {
  ...agents,
  Session: {
    ...agents.Session,
    responseSerialize: (message: ServerMessage | EncodedMessage): Buffer =>
      message instanceof EncodedMessage ? message.bytes : agents.Session.responseSerialize(message),
  },
};

/** Large enough for the first full state of a big cluster, sent in pieces below {@link CHANGES_BYTES}. */
export const MESSAGE_BYTES = 8 * 1024 * 1024;
/** A Changes message is closed when it holds this much. */
export const CHANGES_BYTES = 1024 * 1024;

/** Every server's certificate is made for it, as every agent's is not; addresses may change, and are no names for TLS. */
const SERVER_NAME = 'kubernetes.default.svc';

/** One secure connection to the agents' port of a server, from an agent or from another server. */
export class AgentsClient {
  private readonly client: grpc.Client;

  /** `address` is host:port. `tls` holds PEM texts. */
  constructor(address: string, tls: { ca: string; cert: string; key: string }) {
    const credentials = grpc.credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert));
    this.client = new grpc.Client(address, credentials, {
      'grpc.max_receive_message_length': MESSAGE_BYTES,
      'grpc.ssl_target_name_override': SERVER_NAME,
      // A session that is lost is dialled again by the link itself, at once and with its own back-off.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
  }

  /** Resolves once the server has been reached and both ends have proved who they are; rejects when that takes longer. */
  connect(milliseconds: number): Promise<void> {
    const deadline = Date.now() + milliseconds;
    return new Promise((resolve, reject) => {
      this.client.waitForReady(deadline, (error) => (error ? reject(error) : resolve()));
    });
  }

  session(): grpc.ClientDuplexStream<AgentMessage, ServerMessage> {
    return this.open(agentsService.Session);
  }

  carry(): grpc.ClientDuplexStream<Frame, Frame> {
    return this.open(agentsService.Carry);
  }

  forward(): grpc.ClientDuplexStream<Frame, Frame> {
    return this.open(agentsService.Forward);
  }

  /** Rejects with the words of the server's refusal, or when there is no answer by then. */
  issueToken(wanted: TokenWanted, deadlineMilliseconds: number): Promise<TokenIssued> {
    const { path, requestSerialize, responseDeserialize } = agentsService.IssueToken;
    const deadline = new Date(Date.now() + deadlineMilliseconds);
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        wanted,
        { deadline },
        (error, issued) => {
          if (issued) resolve(issued);
          else reject(new Error(error?.details ?? 'no answer', { cause: error }));
        },
      );
    });
  }

  close(): void {
    this.client.close();
  }

  private open<Up, Down>(method: Definition<Up, Down>): grpc.ClientDuplexStream<Up, Down> {
    return this.client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
  }
}
