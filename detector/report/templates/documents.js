// One document: its text cut where parts, marks and findings change, its findings with their evidence beside it.
let steps = null;

function documentView(row, offset) {
  const source = table.sources[table.source[row]];
  const head = headOf(row);
  const step = (by, words) => (row + by >= 0 && row + by < N ? make("a", { href: address(row + by) }, words) : null);
  const kept = head && placeOf.has(head) ? make("span", null, "copy of ", doc(placeOf.get(head))) : head && "copy of " + head;
  const about = [source && source + ", record " + number(table.rows[row]), ...table.flags[table.flag[row]].map(kindOf), kept].filter(Boolean);
  put(
    make("p", { class: "steps" }, make("a", { href: "#documents", class: "up" }, "\u2190 all documents"), step(-1, "less original"), step(1, "more original"),
      make("span", { class: "keys" }, make("kbd", null, "n"), " ", make("kbd", null, "p"), " next and previous finding, ", make("kbd", null, "Esc"), " back")),
    make("h2", { class: "doc" }, table.ids[row]), make("p", { class: "says doc" }, about.flatMap((one) => [one, " \u00b7 "]).slice(0, -1)));
  const counts = partsOf(row);
  const legend = make("ul", { class: "legend" }, PARTS.map(([letter, name], place) => (counts[place] ?
    make("li", null, make("i", { class: "chip " + name }, letter), " ", make("b", null, name), make("em", null, percent(counts[place] / charsOf(row)))) : null)));
  const chars = percent(measure(row)) + " of " + plural(charsOf(row), "character", "characters") + " not seen elsewhere";
  const code = barcode(table.stripes[row], 1160);
  put(make("div", { class: "figures" }, make("p", null, chars), bar(counts), code, legend));
  if (!withText.has(row)) {
    put(make("p", { class: "notice" }, "The text of this document is not in this page, which holds those of " + plural(withText.size, "document", "documents") + ". This shows it: ", make("code", null, "detector explain DIR --doc " + table.ids[row])));
    return;
  }
  const data = JSON.parse(document.getElementById("text-" + row).textContent);
  textView(row, data, Array.from(data.text), code, offset);
}

function textView(row, data, letters, code, offset) {
  const spans = data.findings.map(() => []);
  const text = make("div", { class: "text", tabindex: "0", role: "region", "aria-label": "Text of the document" });
  coloured(text, letters, data, spans);
  const list = make("ol");
  const kinds = new Map();
  for (const finding of data.findings) kinds.set(finding[2], (kinds.get(finding[2]) || 0) + 1);
  const heading = make("h3", null, data.findings.length ? plural(data.findings.length, "finding", "findings") : "No findings");
  const chips = make("div", { class: "kinds" });
  put(make("div", { class: "view" }, text, make("aside", { class: "notes", "aria-label": "Findings" }, heading, chips, list)));

  let only = null;
  let order = [...data.findings.keys()];
  let current = -1;
  const items = new Map();
  function drawList() {
    order = [...data.findings.keys()].filter((index) => only === null || data.findings[index][2] === only);
    items.clear();
    for (const index of order) items.set(index, make("li", null, item(data.findings[index], letters, () => choose(index, true))));
    list.replaceChildren(...items.values());
  }
  if (kinds.size > 1) chips.append(...[...kinds].map(([kind, n]) => make("button", { type: "button", "aria-pressed": "false", onclick: (event) => {
    only = only === kind ? null : kind;
    for (const chip of chips.children) chip.setAttribute("aria-pressed", String(chip === event.currentTarget && only !== null));
    current = -1;
    drawList();
  } }, kindOf(kind) + " " + number(n))));
  drawList();

  function choose(index, scrollText) {
    for (const part of view.querySelectorAll(".view .on")) part.classList.remove("on");
    for (const part of list.querySelectorAll(".evidence")) part.remove();
    current = index;
    spans[index].forEach((part) => part.classList.add("on"));
    const chosen = items.get(index);
    if (chosen) {
      chosen.classList.add("on");
      chosen.append(evidence(row, data.findings[index], letters, data.findings));
      within(chosen);
    }
    if (scrollText && spans[index].length) spans[index][0].scrollIntoView({ block: "center" });
  }
  // Scrolls the list of findings, never the page, which may be at the text that is pointed at.
  function within(chosen) {
    const panel = list.parentElement;
    if (getComputedStyle(panel).position !== "sticky") return;
    const [top, height] = [chosen.offsetTop, chosen.offsetHeight];
    if (top < panel.scrollTop || top + height > panel.scrollTop + panel.clientHeight) panel.scrollTop = Math.max(0, top - 60);
  }
  const findingAt = (event) => { const over = event.target.closest && event.target.closest("[data-finding]"); return over ? Number(over.dataset.finding) : -1; };
  text.addEventListener("mouseover", (event) => { const index = findingAt(event); if (index >= 0 && index !== current) choose(index, false); });
  text.addEventListener("click", (event) => { const index = findingAt(event); if (index >= 0) choose(index, false); });
  steps = (by) => {
    if (!order.length) return;
    const at = order.indexOf(current);
    choose(order[Math.min(order.length - 1, Math.max(0, at < 0 ? 0 : at + by))], true);
  };
  const pieceAt = (place) => [...text.children].reduce((best, part) => (Number(part.dataset.at) <= place ? part : best), text.firstElementChild);
  code.classList.add("aimed");
  code.addEventListener("click", (event) => {
    const box = code.getBoundingClientRect();
    pieceAt(((event.clientX - box.left) / box.width) * letters.length).scrollIntoView({ block: "center" });
  });
  if (offset !== undefined && text.children.length) {
    const inside = data.findings.map((finding, index) => index).filter((index) => data.findings[index][0] <= offset && offset < data.findings[index][1]);
    const best = inside.sort((a, b) => (data.findings[b][0] === offset) - (data.findings[a][0] === offset) || size(data.findings[b]) - size(data.findings[a]))[0];
    if (best !== undefined) choose(best, false);
    const aim = pieceAt(offset);
    aim.classList.add("here");
    aim.scrollIntoView({ block: "center" });
  }
}
const size = (finding) => finding[1] - finding[0];

function item([start, end, kind, letter, says], letters, click) {
  const chip = letter ? make("i", { class: "chip " + NAME.get(letter) }, letter) : make("i", { class: "chip" }, "\u00b7");
  const words = (from, to) => letters.slice(Math.max(0, from), to).join("").replace(/\s+/g, " ");
  const short = end - start < 6;
  const quote = make("q", null, short ? words(start - 8, start) : "", make(short ? "b" : "span", null, words(start, Math.min(end, start + 60))), short ? words(end, end + 14) : "");
  return make("button", { type: "button", class: "item", onclick: click }, chip, " ", make("b", null, kindOf(kind)), " ", make("span", { class: "quiet" }, number(start) + "\u2013" + number(end)), quote, make("small", null, says));
}

// What a finding rests on: its like elsewhere with what differs, the cluster and its other members, or its rule.
function evidence(current, finding, letters, findings) {
  const [start, end, kind, , , rule, cluster, beside, fills] = finding;
  const made = make("div", { class: "evidence" });
  if (beside) {
    const [place, id, at, there, mine, others] = beside;
    if (there) {
      const here = letters.slice(start, Math.min(end, start + 160));
      made.append(make("p", { class: "sample" }, make("small", null, "here"), ...marked(here, mine), end - start > 160 ? "\u2026" : ""));
      made.append(make("p", { class: "sample" }, make("small", null, "there"), ...marked(Array.from(there), others), end - start > 160 ? "\u2026" : ""));
    }
    made.append(make("p", null, "Open it there: ", doc(place, id, at)));
  }
  const row = clusterOf.get(cluster);
  if (row) {
    made.append(make("p", null, clusterLink(cluster, "Side by side: " + cluster), make("span", { class: "quiet" }, " " + [plural(row.places, "place", "places"), differ(row)].filter(Boolean).join(", "))));
    const others = row.rows.filter(([place, , at]) => !(place === current && start <= at && at < end) && !(beside && place === beside[0] && at === beside[2]));
    const rest = others.slice(0, 6);
    const more = row.places - 1 - rest.length - (beside ? 1 : 0);
    if (rest.length) made.append(make("p", null, "Also in"), make("ul", null, rest.map(([place, id, at]) => make("li", null, doc(place, id, at)))));
    if (more > 0 && rest.length) made.append(make("p", { class: "quiet" }, number(more) + " more stand side by side"));
  } else if (phraseOf.has(cluster)) made.append(make("p", null, make("a", { href: "#phrase/" + encodeURIComponent(cluster) }, "In the phrase book, with its other places")));
  const filled = kind === "placeholder" && !fills.length ? filledElsewhere(current, finding, findings) : null;
  if (fills.length) made.append(make("p", null, "Others have here: ", fills.flatMap((words, at) => [at ? ", " : "", make("b", null, words)])));
  if (filled) made.append(make("p", null, "Others have here: ", filled.fills.flatMap(([text, times], at) => [at ? ", " : "", make("b", null, text), times > 1 ? " \u00d7" + number(times) : ""]), " (", clusterLink(filled.id), ")"));
  if (rule) made.append(make("p", null, make("a", { href: "#rule/" + encodeURIComponent(rule) }, "What else this rule found")));
  if (!made.children.length) made.append(make("p", { class: "quiet" }, cluster ? "Its cluster, " + cluster + ", is not in this page." : "Found by comparing the texts of this scan."));
  return made;
}

// What stands where a blank was left, in the other members of the cluster that it is in; null where that is not plain.
function filledElsewhere(current, finding, findings) {
  const within = (one, over) => over[0] <= one[0] && one[1] <= over[1];
  for (const over of findings) {
    const row = clusterOf.get(over[6]);
    if (!row || over === finding || !within(finding, over)) continue;
    const member = row.rows.find((one) => one[0] === current && over[0] <= one[2] && one[2] < over[1]);
    const blanks = findings.filter((one) => one[2] === "placeholder" && within(one, over));
    if (!member || member[5].length !== blanks.length) continue;
    const slot = member[5][blanks.indexOf(finding)];
    const empty = blankFills(row, slot);
    const fills = row.slots[slot][1].filter(([text], at) => text && !empty.has(at)).slice(0, 5);
    if (fills.length) return { id: row.id, fills };
  }
  return null;
}

function marked(letters, spans) {
  const parts = [];
  let at = 0;
  for (const [start, end] of spans) {
    parts.push(letters.slice(at, start).join(""), make("mark", null, letters.slice(start, end).join("")));
    at = end;
  }
  return [...parts, letters.slice(at).join("")];
}

// Appends the text as spans, and fills in the spans of every finding; long runs are cut so that a place can be found.
const LONGEST = 400;
function coloured(text, letters, data, spans) {
  const cuts = new Set();
  for (const [start, end] of data.findings) cuts.add(start).add(end);
  const inner = [...cuts].sort((a, b) => a - b);
  const begins = data.findings.map((finding, index) => index).sort((a, b) => data.findings[a][0] - data.findings[b][0]);
  let next = 0;
  let cut = 0;
  let open = [];
  const parts = [];
  for (const [start, end, letter, mark] of data.pieces) {
    let at = start;
    while (at < end) {
      while (cut < inner.length && inner[cut] <= at) cut += 1;
      const stop = Math.min(cut < inner.length ? Math.min(end, inner[cut]) : end, at + LONGEST);
      while (next < begins.length && data.findings[begins[next]][0] <= at) open.push(begins[next++]);
      open = open.filter((index) => data.findings[index][1] > at);
      const part = make("span", { class: NAME.get(letter) + (mark ? " mark" + mark : ""), "data-at": at }, letters.slice(at, stop).join(""));
      // The shortest finding is the most telling one: a blank rather than the passage around it.
      const best = [...open].sort((a, b) => size(data.findings[a]) - size(data.findings[b]))[0];
      if (best !== undefined) {
        part.dataset.finding = best;
        part.title = open.map((index) => kindOf(data.findings[index][2]) + ": " + data.findings[index][4]).join("\n");
        for (const index of open) spans[index].push(part);
      }
      parts.push(part);
      at = stop;
    }
  }
  text.append(...parts);
}
