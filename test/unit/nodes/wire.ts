/** What an agent reads off the wire of what a server sends. */
import { type EncodedMessage, type ServerMessage, agentsService } from '../../../lib/link/proto.ts';

export function asReceived(message: ServerMessage | EncodedMessage): ServerMessage {
  return agentsService.Session.responseDeserialize(agentsService.Session.responseSerialize(message));
}
