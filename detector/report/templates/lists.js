// Lists: searched, sorted and paged; what is searched for and how it is sorted stands in the address.
const PAGE = 50;

// `rows` are numbers; `words` gives what is searched, `draw` an element, `columns` [title, class, key, value, cell];
// cards, which have no columns, are sorted by one of `orders` [key, title, value], the largest first.
function listing({ route, rows, words, columns, by, draw, orders, keep, first, all }) {
  const state = { q: "", sort: "", down: "", page: "1", ...route.query };
  const box = make("input", { type: "search", placeholder: "Search", "aria-label": "Search this list", value: state.q });
  const says = make("span", { role: "status" });
  const back = make("button", { type: "button", onclick: () => turn(-1) }, "\u2190");
  const on = make("button", { type: "button", onclick: () => turn(1) }, "\u2192");
  const pages = make("span", { class: "nowrap" });
  back.setAttribute("aria-label", "Previous page");
  on.setAttribute("aria-label", "Next page");
  const chosen = orders && make("select", { "aria-label": "Order of this list", onchange: () => { Object.assign(state, { sort: chosen.value, page: "1" }); find(); show(); tell(); } },
    orders.map(([key, words]) => make("option", { value: key, selected: key === state.sort }, words)));
  const tools = make("div", { class: "tools" }, box, chosen, says, make("span", { class: "nowrap" }, back, " ", pages, " ", on));
  const place = columns ? make("tbody") : make("div");
  const low = keep ? rows.filter(keep) : rows;
  let found = low;
  let searched = null;

  function turn(by) {
    state.page = String(Number(state.page) + by);
    show();
    tell();
    window.scrollTo(0, 0);
  }
  function tell() {
    const query = new URLSearchParams(Object.entries({ ...route.query, ...state }).filter(([name, value]) => value && !(name === "page" && value === "1")));
    history.replaceState(null, "", "#" + route.path + (query.size ? "?" + query : ""));
  }
  function find() {
    const wanted = state.q.trim().toLowerCase();
    if (wanted && searched === null) searched = new Map(low.map((row) => [row, words(row).toLowerCase()]));
    found = wanted ? low.filter((row) => searched.get(row).includes(wanted)) : low;
    const column = state.sort && columns && columns.find((one) => one[2] === state.sort);
    if (column) found = sorted(found, column[3], state.down === "1");
    const order = orders && orders.find((one) => one[0] === state.sort && one[2]);
    if (order) found = sorted(found, order[2], true);
    if (columns) mark();
  }
  function show() {
    const n = Math.max(1, Math.ceil(found.length / PAGE));
    const page = Math.min(n, Math.max(1, Number(state.page) || 1));
    state.page = String(page);
    const here = found.slice((page - 1) * PAGE, page * PAGE);
    place.replaceChildren(...here.map(columns ? line : draw));
    says.textContent = found.length < low.length ? number(found.length) + " of " + number(low.length) + " found" : all > low.length && !keep ? "the first " + number(low.length) + " of " + plural(all, first[0], first[1]) : plural(low.length, first[0], first[1]);
    pages.textContent = "page " + number(page) + " of " + number(n);
    for (const part of [back, on, pages]) part.hidden = n === 1;
    back.disabled = page === 1;
    on.disabled = page === n;
  }
  const line = (row) => make("tr", null, ...columns.map(([, kind, , , cell]) => make("td", { class: kind }, cell(row))));
  const head = make("tr");
  function mark() {
    head.replaceChildren(...columns.map(([title, kind, key, value, , down]) => {
      if (!value) return make("th", { class: kind, scope: "col" }, title);
      const chosen = key === (state.sort || by);
      const falling = chosen && (state.sort ? state.down === "1" : Boolean(down));
      const click = () => {
        const turned = chosen ? !falling : Boolean(down);
        Object.assign(state, { sort: key, down: turned ? "1" : "", page: "1" });
        find(); show(); tell();
        head.children[columns.findIndex((one) => one[2] === key)].firstChild.focus();
      };
      return make("th", { class: kind, scope: "col", "aria-sort": chosen ? (falling ? "descending" : "ascending") : null }, make("button", { type: "button", onclick: click }, title));
    }));
  }
  box.addEventListener("input", () => { Object.assign(state, { q: box.value, page: "1" }); find(); show(); tell(); });
  find();
  show();
  return [tools, columns ? make("div", { class: "scroll" }, make("table", null, make("thead", null, head), place)) : place];
}

// Rows by a value, what has none last; equal rows stay in the order they came in.
function sorted(rows, value, down) {
  const keys = new Map(rows.map((row) => [row, value(row)]));
  const turn = down ? -1 : 1;
  return [...rows].sort((one, two) => {
    const [a, b] = [keys.get(one), keys.get(two)];
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * turn;
  });
}

const title = (words, says) => [make("h2", null, words), make("p", { class: "says" }, says)];
const none = () => make("p", { class: "notice" }, "There are none in this corpus.");
const places = (rows) => [...rows.keys()];

function documentsView(route) {
  const from = Number(route.query.from) / 100;
  const to = Number(route.query.to) / 100;
  const ranged = from >= 0 && to > from;
  const keep = ranged ? (row) => { const own = measure(row); return own !== null && own >= from && (own < to || to === 1); } : null;
  const share = (name) => { const place = PARTS.findIndex((part) => part[1] === name); return (row) => table.parts[6 * row + place] / (charsOf(row) || 1); };
  const columns = [
    ["Document", "main", "id", (row) => table.ids[row], (row) => [doc(row), make("div", { class: "quiet" }, notesOf(row))]],
    ["Original", "n figure", "original", measure, (row) => percent(measure(row))],
    ["Parts", "wide minor", "", null, (row) => bar(partsOf(row))],
    ["Where", "wide", "", null, (row) => barcode(table.stripes[row])],
    ["Characters", "n minor", "chars", charsOf, (row) => number(charsOf(row)), true],
    ["Findings", "n minor", "findings", (row) => table.findings[row], (row) => number(table.findings[row]), true],
    ["Blanks", "n", "blanks", (row) => table.blanks[row], (row) => (table.blanks[row] ? number(table.blanks[row]) : "\u2013"), true],
    ["Shared", "n minor", "shared", share("shared"), (row) => percent(share("shared")(row)), true],
  ];
  const words = (row) => [table.ids[row], table.sources[table.source[row]], notesOf(row)].join("\n");
  put(...title("Documents", "The bar is how much of a document each part has; the barcode is where in it. Least original first."));
  if (ranged) put(make("p", { class: "notice" }, "Only documents of " + Math.round(100 * from) + " to " + Math.round(100 * to) + " % own text. ", make("a", { href: "#documents" }, "Show all")));
  if (!N) return put(none());
  put(...listing({ route, rows: places(table.ids), words, columns, by: "original", keep, first: ["document", "documents"], all: table.n_all }));
}

function phrasesView(route, chosen) {
  const rows = lists.phrases.rows;
  put(...title("Phrase book", "Runs of words that several families have exactly: slogans. First what explains most text that no phrase before it does."));
  if (!rows.length) return put(none());
  if (chosen) put(phraseCard(chosen));
  const columns = [
    ["Phrase", "main", "text", (row) => rows[row][1], (row) => make("a", { class: "doc", href: "#phrase/" + encodeURIComponent(rows[row][0]) }, rows[row][1])],
    ["Explains", "n figure", "explains", (row) => rows[row][5], (row) => number(rows[row][5]), true],
    ["Families", "n", "families", (row) => rows[row][2], (row) => number(rows[row][2]), true],
    ["Places", "n", "places", (row) => rows[row][3], (row) => number(rows[row][3]), true],
    ["Tokens", "n minor", "tokens", (row) => rows[row][4], (row) => number(rows[row][4]), true],
  ];
  put(...listing({ route, rows: places(rows), words: (row) => rows[row][1], columns, by: "explains", first: ["phrase", "phrases"], all: lists.phrases.n_all }));
}

function phraseCard([id, text, families, all, , explains, found]) {
  const numbers = [plural(families, "family", "families"), plural(all, "place", "places"), plural(explains, "character", "characters") + " explained"].join(" \u00b7 ");
  const lines = found.map(([place, name, start, before, after]) => make("p", { class: "sample" }, before, make("mark", { class: "phrase" }, text), after, make("br"), doc(place, name, start)));
  const more = all > found.length ? make("p", { class: "quiet" }, number(all - found.length) + " more places are in the table of findings, cluster " + id + ".") : null;
  return make("div", { class: "card chosen" }, make("p", { class: "head" }, make("b", { class: "doc" }, text), make("span", { class: "quiet" }, numbers)), lines, more);
}

function rulesView(route, chosen) {
  put(...title("Rules", "What the rules found, with examples in their lines. What a rule is for is told by: detector rules show NAME"));
  if (!lists.rules.length) return put(none());
  const rows = lists.rules;
  const draw = (place) => {
    const row = rows[place];
    const numbers = plural(row.findings, "finding", "findings") + " in " + plural(row.documents, "document", "documents");
    const name = make("a", { class: "doc", href: "#rule/" + encodeURIComponent(row.rule) }, row.rule);
    const card = make("div", { class: "card" + (row.rule === chosen ? " chosen" : "") }, make("p", { class: "head" }, make("b", null, name), make("span", { class: "quiet" }, row.title + " \u00b7 " + numbers)));
    for (const [at, id, start, before, text, after] of row.examples)
      card.append(make("p", { class: "sample" }, before, make("mark", { class: row.kind }, text), after, make("br"), doc(at, id, start)));
    return card;
  };
  const keep = chosen ? (place) => rows[place].rule === chosen : null;
  if (chosen) put(make("p", { class: "notice" }, "Only this rule. ", make("a", { href: "#rules" }, "Show all")));
  put(...listing({ route, rows: places(rows), words: (place) => rows[place].rule + "\n" + rows[place].title, draw, keep, first: ["rule", "rules"] }));
}
