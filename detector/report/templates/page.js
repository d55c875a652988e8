// What all views use. Every string becomes a text node or an attribute; nothing is ever parsed as HTML.
const lists = JSON.parse(document.getElementById("lists").textContent);
const PARTS = lists.paints.map(([letter, name]) => [letter, name]);
const NAME = new Map(PARTS);
const view = document.getElementById("view");
const withText = new Set(lists.texts);
const number = (value) => value.toLocaleString("en-US");
const plural = (count, one, many) => number(count) + " " + (count === 1 ? one : many);
const kindOf = (kind) => kind.replace(/_/g, " ");

// An element with attributes, listeners and children; strings among the children become text nodes.
function make(tag, options, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Puts children into the view that is drawn.
function put(...children) {
  view.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
}

function drawing(tag, values) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
  return made;
}

function percent(ratio) {
  if (ratio === null) return "\u2013";
  if (ratio > 0 && ratio < 0.001) return "<0.1 %";
  if (ratio > 0.999 && ratio < 1) return ">99.9 %";
  return (100 * ratio).toFixed(1) + " %";
}

// The table of documents stays in columns; these read one row of it.
const table = lists.documents;
const N = table.ids.length;
const partsOf = (row) => table.parts.slice(6 * row, 6 * row + 6);
const charsOf = (row) => partsOf(row).reduce((sum, count) => sum + count, 0);
function measure(row) {
  if (table.sample !== null) return table.sample[row] < 0 ? null : table.sample[row] / 1e6;
  const chars = charsOf(row);
  return chars ? table.parts[6 * row] / chars : null;
}
const headOf = (row) => (typeof table.heads[row] === "string" ? table.heads[row] : table.heads[row] ? table.ids[table.heads[row] - 1] : "");

// Where a document is in the page: by its id; by its place where two ids are drawn alike.
const placeOf = new Map();
const alike = new Set();
table.ids.forEach((id, row) => (placeOf.has(id) ? alike.add(id) : placeOf.set(id, row)));
function address(row, offset) {
  const id = table.ids[row];
  return (alike.has(id) ? "#row/" + row : "#document/" + encodeURIComponent(id)) + (offset === undefined ? "" : "@" + offset);
}

// A link to a document, to an offset in it if one is given; plain text for one that is not in the page.
function doc(place, id, offset, plain) {
  const name = (place < 0 ? id : table.ids[place]) + (offset === undefined || plain ? "" : " at " + number(offset));
  return place < 0 ? make("span", { class: "doc" }, name) : make("a", { class: "doc", href: address(place, offset) }, name);
}

function bar(parts) {
  const all = parts.reduce((sum, count) => sum + count, 0);
  const drawn = make("div", { class: "bar", role: "img" });
  const words = [];
  PARTS.forEach(([letter, name], place) => {
    if (!parts[place]) return;
    const share = parts[place] / all;
    const part = make("span", { class: "part " + name, title: name + " " + percent(share) }, share > 0.07 ? make("b", null, letter) : null);
    part.style.width = 100 * share + "%";
    words.push(name + " " + percent(share));
    drawn.append(part);
  });
  drawn.setAttribute("aria-label", words.join(", ") || "no text");
  return drawn;
}

// A barcode about `width` wide: one path for each part, so that a page of fifty rows has few elements.
function barcode(runs, width = 200) {
  const spans = [...runs.matchAll(/([A-Z])([0-9a-z]+)/g)].map((run) => [run[1], parseInt(run[2], 36)]);
  const all = spans.reduce((sum, run) => sum + run[1], 0) || 1;
  const scale = width / all;
  const drawn = drawing("svg", { class: "code", viewBox: "0 0 " + width + " 18", preserveAspectRatio: "none", "aria-hidden": "true" });
  const paths = new Map();
  let at = 0;
  for (const [letter, size] of spans) {
    const from = (at * scale).toFixed(2);
    paths.set(letter, (paths.get(letter) || "") + "M" + from + " 0h" + (size * scale + 0.1).toFixed(2) + "v18h-" + (size * scale + 0.1).toFixed(2) + "z");
    at += size;
  }
  for (const [letter, path] of paths) drawn.append(drawing("path", { class: NAME.get(letter), d: path }));
  return drawn;
}

const notesOf = (row) => [headOf(row) && "copy of " + headOf(row), ...table.flags[table.flag[row]].map(kindOf)].filter(Boolean).join(" \u00b7 ");

// Clusters and families by their ids, wherever they are linked from.
const clusterOf = new Map();
for (const [level, found] of [...Object.entries(lists.clusters), ["document", lists.families]])
  found.rows.forEach((row) => clusterOf.set(row.id, { ...row, level }));
const phraseOf = new Map(lists.phrases.rows.map((row) => [row[0], row]));
const clusterLink = (id, words) =>
  clusterOf.has(id) ? make("a", { href: (clusterOf.get(id).level === "document" ? "#family/" : "#cluster/") + encodeURIComponent(id) }, words || id) : make("span", { class: "id" }, words || id);
const LEVELS = { block: ["Shared paragraphs", "Runs of passages that stand in the same order in at least two families (blocks), those that cover most text first."],
  passage: ["Shared passages", "Sentences that at least two families have, those that cover most text first."],
  outline: ["Shared outlines", "Documents that have their headings and formulas in common, whatever their words are."],
  document: ["Families", "Documents that are near-duplicates of each other; wherever documents are counted, a family counts once."] };
const levelOf = (level) => LEVELS[level] || ["Clusters of level " + level, "Those that cover most text first."];
