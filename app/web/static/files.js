// Files as text: bytes in their encoding, HTML without its markup. Nothing of a file is run or loaded.

const BLOCKS = new Set(
  ("ADDRESS ARTICLE ASIDE BLOCKQUOTE BR DD DIV DL DT FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN " +
    "NAV OL P PRE SECTION TABLE TD TH TR UL").split(" "),
);
const UNREAD = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "SVG", "IFRAME", "OBJECT", "HEAD", "SELECT", "BUTTON"]);

/** The text of a .txt or .html file. */
export async function textOfFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isHtml = /\.html?$/i.test(file.name) || file.type === "text/html";
  const text = decoded(bytes, isHtml);
  return isHtml ? textOfHtml(text) : text.replace(/\r\n?/g, "\n");
}

function decoded(bytes, isHtml) {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder(isHtml ? declared(bytes) : "windows-1256").decode(bytes);
  }
}

/** The encoding that a page names, else what Arabic pages of old have. */
function declared(bytes) {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  const name = /charset\s*=\s*["']?\s*([\w-]+)/i.exec(start)?.[1];
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return "windows-1256";
  }
}

/** The text of a page, a line for each of its blocks. */
export function textOfHtml(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const lines = [""];
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      lines[lines.length - 1] += node.data.replace(/\s+/g, " ");
    } else if (node.nodeType === Node.ELEMENT_NODE && !UNREAD.has(node.tagName.toUpperCase())) {
      const parts = BLOCKS.has(node.tagName);
      if (parts) lines.push("");
      node.childNodes.forEach(read);
      if (parts) lines.push("");
    }
  };
  read(page.body);
  return lines.map((line) => line.trim()).filter(Boolean).join("\n");
}
