/** Links of a page that is shown under another path: absolute paths get the prefix, others lead to the right place anyway. */
import { RewritingStream } from 'parse5-html-rewriting-stream';

/** Attributes that hold a URL, by element (HTML, and its older versions). */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

export interface LinkContext {
  /** Without a slash at its end. */
  readonly prefix: string;
  /** Of the backend: links that name it lead here as well. */
  readonly host: string;
}

export function rewriteLinks(context: LinkContext): RewritingStream {
  const stream = new RewritingStream();
  stream.on('startTag', (tag) => {
    const names = Object.hasOwn(LINKS, tag.tagName) ? LINKS[tag.tagName] : undefined;
    for (const attribute of tag.attrs) {
      if (names?.includes(attribute.name)) attribute.value = rewriteUrl(attribute.value, context);
    }
    stream.emitStartTag(tag);
  });
  return stream;
}

/** A redirect. One that is relative is relative to the path that was asked of the backend. */
export function rewriteLocation(location: string, context: LinkContext & { readonly path: string }): string {
  return rewriteUrl(location, context);
}

function rewriteUrl(text: string, { prefix, host }: LinkContext): string {
  const named = /^https?:\/\/([^/?#]*)(.*)$/i.exec(text) ?? /^\/\/([^/?#]*)(.*)$/.exec(text);
  const [, at, rest = ''] = named ?? [];
  if (named && at !== host) return text;
  const path = named ? rest || '/' : text;
  const isElsewhere = !path.startsWith('/') || path === prefix || path.startsWith(`${prefix}/`);
  return isElsewhere ? text : prefix + path;
}
