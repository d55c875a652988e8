// Clusters: their list, and one with its members aligned slot by slot.
const numbersOf = (row) => (row.level === "document" || row.chars === undefined ? [plural(row.places, "document", "documents")] : [plural(row.chars, "character", "characters"),
  plural(row.families, "family", "families"), plural(row.documents, "document", "documents"), plural(row.places, "place", "places")]).join(" \u00b7 ");
const ratioOf = (row, ratio) => (row.level === "document" || row.chars === undefined ? "Jaccard " : "ratio ") + ratio.toFixed(2);
function differ(row) {
  const [n, all] = row.values;
  if (!row.slots.length) return row.parts.length && all ? "no value differs" : "";
  return "same template, " + number(n) + " of " + plural(all, "value", "values") + (n === 1 ? " differs" : " differ") + (row.more ? " in its beginning" : "");
}
const blankBadge = (row) => (row.blank ? make("span", { class: "badge" }, "left blank in " + number(row.blank) + (row.looked < row.places ? " of the first " + number(row.looked) : "") + " of " + plural(row.places, "place", "places")) : null);
const shownFill = (text) => (text === "" ? "\u2205" : text);

// Which fills of a slot are blanks that somebody left.
const blankFills = (row, slot) => new Set(row.rows.filter((one) => one[5].includes(slot)).map((one) => one[6 + slot]));
const fillMark = (text, blank) => (blank ? make("mark", { class: "placeholder" }, shownFill(text)) : shownFill(text));

// The template as prose: literals as they are, slots with their type and what stands in them.
function template(row, long) {
  const made = make("p", { class: long ? "template" : "template short" });
  for (const part of row.parts) {
    if (typeof part === "string") { made.append(part); continue; }
    const [type, fills, n] = row.slots[part];
    const drawn = fills.slice(0, long ? 4 : 3);
    const blanks = blankFills(row, part);
    const words = drawn.flatMap(([text, times], at) => [at ? " | " : "", fillMark(text, blanks.has(at)), times > 1 ? " \u00d7" + number(times) : ""]);
    if (n > drawn.length) words.push(" | " + number(n - drawn.length) + " more");
    made.append(make("span", { class: "slot", "data-slot": part }, make("small", null, long ? part + 1 + " " + kindOf(type) : kindOf(type)), words));
  }
  if (row.more) made.append(make("span", { class: "quiet" }, " \u2026 and " + plural(row.more, "more part", "more parts")));
  return made;
}

const wordsOf = (row) => [row.id, ...row.parts.filter((part) => typeof part === "string"), ...row.rows.map((one) => (one[0] < 0 ? one[1] : table.ids[one[0]]))].join("\n");

function clustersView(route, level) {
  const found = level === "document" ? lists.families : lists.clusters[level];
  put(...title(...levelOf(level)));
  if (!found || !found.rows.length) return put(none());
  const rows = found.rows;
  const some = rows.filter((row) => row.blank).length;
  const only = Boolean(route.query.blank);
  if (some || only) put(make("p", { class: "says" }, plural(some, "of them was", "of them were") + " left blank by somebody. ",
    make("a", { href: "#" + route.path + (only ? "" : "?blank=1") }, only ? "Show all" : "Show only these")));
  const keep = only ? (place) => rows[place].blank > 0 : null;
  const orders = level === "document" ? null : [["", "most text first", null], ["families", "most families first", (place) => rows[place].families],
    ["blank", "most often left blank first", (place) => rows[place].blank], ["values", "most values that differ first", (place) => rows[place].values[0]]];
  const draw = (place) => {
    const row = rows[place];
    const who = row.rows.slice(0, 4).map(([at, id, start]) => (level === "document" ? doc(at, id) : doc(at, id, start)));
    const more = row.places - who.length;
    return make("div", { class: "card" },
      make("p", { class: "head" }, make("b", null, clusterLink(row.id, level === "document" ? ["like ", row.rows[0][0] < 0 ? row.rows[0][1] : table.ids[row.rows[0][0]]].join("") : row.id)), make("span", { class: "quiet" }, numbersOf(row))),
      make("p", null, blankBadge(row), " ", make("span", { class: "quiet" }, differ(row))),
      template(row, false),
      make("p", null, who.flatMap((link) => [link, " \u00b7 "]).slice(0, -1), more > 0 ? [" \u00b7 ", clusterLink(row.id, number(more) + " more")] : null));
  };
  put(...listing({ route, rows: places(rows), words: (place) => wordsOf(rows[place]), draw, orders, keep, first: level === "document" ? ["family", "families"] : ["cluster", "clusters"], all: found.n_all }));
}

function clusterView(id) {
  const row = clusterOf.get(id);
  if (!row) return put(missing("cluster"));
  const parent = row.level === "document" ? "#families" : "#clusters/" + encodeURIComponent(row.level);
  put(make("p", { class: "steps" }, make("a", { href: parent, class: "up" }, "\u2190 " + levelOf(row.level)[0].toLowerCase())),
    make("h2", null, row.level === "document" ? ["Documents like ", doc(row.rows[0][0], row.rows[0][1])] : ({ block: "Shared paragraph ", passage: "Shared passage " }[row.level] || "") + row.id), make("p", { class: "says" }, numbersOf(row) + (differ(row) ? " \u00b7 " + differ(row) : "")),
    make("p", null, blankBadge(row)), make("div", { class: "card" }, template(row, true)));
  if (!row.slots.length) {
    const says = row.values[1] || row.parts.length > 1 || row.rows.length === row.places ? "All members have it without a difference that matters." : "Its members are not aligned in this page; detector templates prints them.";
    put(make("p", { class: "quiet" }, says), make("ul", { class: "lines" }, row.rows.map(([at, name, start, ratio, blanks]) =>
      make("li", null, doc(at, name, start), make("span", { class: "quiet" }, "  " + ratioOf(row, ratio)), blanks ? [" ", make("span", { class: "badge" }, plural(blanks, "blank", "blanks"))] : null))));
  } else {
    const held = make("div", { class: "scroll aligned", tabindex: "0", role: "region", "aria-label": "Members side by side" }, aligned(row, false));
    const toggle = make("button", { type: "button", "aria-pressed": "false", onclick: () => {
      const whole = toggle.getAttribute("aria-pressed") === "false";
      toggle.setAttribute("aria-pressed", String(whole));
      held.replaceChildren(aligned(row, whole));
    } }, "With the text between");
    put(make("h3", null, "Members side by side"), make("div", { class: "tools" }, toggle, make("span", null, "A line is a member, a column a slot; marked is what differs from the first line.")),
      held, make("h3", null, "What stands in the slots"),
      row.looked < row.places ? make("p", { class: "says" }, "Counted in the first " + number(row.looked) + " of " + plural(row.places, "member", "members") + ".") : null, make("div", { class: "fills" }, row.slots.map((filled, slot) => fillsOf(filled, slot, blankFills(row, slot)))));
  }
  if (row.places > row.rows.length) put(make("p", { class: "quiet" }, number(row.places - row.rows.length) + " more members are in the table of members, cluster " + row.id + "; those with blanks come first here."));
}

// Members as rows; a slot's column is headed by the words around it, so that a fill is read in its sentence.
function aligned(row, whole) {
  const columns = row.parts.map((part, at) => [part, at]).filter(([part]) => whole || typeof part !== "string");
  const around = (at, by) => (typeof row.parts[at + by] === "string" ? row.parts[at + by] : "");
  const heads = columns.map(([part, at]) => typeof part === "string" ? make("th", { scope: "col" }) :
    make("th", { scope: "col", "data-slot": part }, make("small", null, part + 1 + " " + kindOf(row.slots[part][0])), around(at, -1).slice(-7), make("b", null, " \u25a2 "), around(at, 1).slice(0, 5)));
  const lines = row.rows.map(([at, id, start, ratio, blanks, left, ...fills]) => {
    const n = fills.filter((fill, slot) => fill !== row.rows[0][6 + slot]).length;
    const about = row.level === "document" ? "" : " at " + number(start);
    const says = at === row.rows[0][0] && start === row.rows[0][2] ? "the first" : ratioOf(row, ratio) + ", " + n + " of " + fills.length + " differ";
    const name = make("th", { scope: "row" }, doc(at, id, row.level === "document" ? undefined : start, true), make("small", { class: "quiet" }, about), make("br"),
      make("small", { class: "quiet" }, says), blanks ? [" ", make("span", { class: "badge" }, plural(blanks, "blank", "blanks"))] : null);
    return make("tr", null, name, columns.map(([part]) => {
      if (typeof part === "string") return make("td", { class: "between" }, part);
      const fill = fills[part];
      const text = fill < 0 ? "\u00b7" : shownFill(row.slots[part][1][fill][0]);
      const kind = left.includes(part) ? "blank" : fill === row.rows[0][6 + part] ? "same" : "differs";
      return make("td", { class: kind + (text.length > 24 ? " long" : ""), "data-slot": part }, text);
    }));
  });
  return make("table", null, make("thead", null, make("tr", null, make("th", { scope: "col" }, plural(row.rows.length, "member", "members")), heads)), make("tbody", null, lines));
}

function fillsOf([type, fills, n], slot, blanks) {
  const lines = fills.slice(0, 12).map(([text, times], at) => make("li", null, fillMark(text, blanks.has(at)), times > 1 ? make("span", { class: "quiet" }, " \u00d7" + number(times)) : null));
  return make("div", { class: "card", "data-slot": slot }, make("b", null, slot + 1 + " " + kindOf(type)), make("span", { class: "quiet" }, " " + plural(n, "fill", "fills")),
    make("ol", null, lines), n > lines.length ? make("span", { class: "quiet" }, number(n - lines.length) + " more") : null);
}

// A slot that is pointed at is shown wherever it stands: in the template, its column and its list.
function pointed(event) {
  const slot = event.target.closest && event.target.closest("[data-slot]");
  for (const one of view.querySelectorAll("[data-slot].on")) one.classList.remove("on");
  if (slot) for (const one of view.querySelectorAll('[data-slot="' + slot.dataset.slot + '"]')) one.classList.add("on");
}
