/**
 * Node's HTTP/1.1, without what an ES import of it brings along: that reads every export, among them WebSocket, for which
 * Node then loads a whole HTTP client of its own. This is 14 MB less, a seventh of an agent.
 */
export const http = process.getBuiltinModule('node:http');
