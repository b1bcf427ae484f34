/** A webhook could not be asked, or gave no answer that makes sense. What it refuses is no such error. */
export class WebhookCallError extends Error {
  override readonly name = 'WebhookCallError';
}
