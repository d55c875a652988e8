// The map: families against families, a square for each two that share text, as large as what they share.
function mapView(chosen) {
  const { families, pairs, n_all: all } = lists.map;
  put(...title("Who shares with whom", "Families that share text with others, those side by side that share most. The area of a square is what the two have in common."));
  if (!pairs.length) return put(none());
  const most = Math.max(...pairs.map((pair) => pair[2]));
  const pairOf = new Map(pairs.map((pair) => [pair[0] + "-" + pair[1], pair]));
  const side = Math.round(Math.min(44, Math.max(20, 560 / families.length)));
  const nameOf = (place) => (families[place][0] < 0 ? families[place][1] : table.ids[families[place][0]]);
  const link = (place) => doc(families[place][0], families[place][1]);
  const cell = (one, two) => {
    if (one === two) return make("td", { class: "diagonal" }, "\u00b7");
    const key = Math.min(one, two) + "-" + Math.max(one, two);
    const pair = pairOf.get(key);
    if (!pair) return make("td");
    const square = make("i");
    square.style.width = square.style.height = Math.max(3, (side - 4) * Math.sqrt(pair[2] / most)).toFixed(1) + "px";
    const words = nameOf(one) + " and " + nameOf(two) + ": " + plural(pair[2], "character", "characters");
    return make("td", null, make("a", { href: "#map/" + key, title: words, "aria-label": words, "aria-current": key === chosen ? "true" : null }, square));
  };
  const places = [...families.keys()];
  const matrix = make("table", { class: "matrix" },
    make("thead", null, make("tr", null, make("td"), places.map((place) => make("th", { scope: "col", title: nameOf(place) }, String(place + 1))))),
    make("tbody", null, places.map((one) => make("tr", null, make("th", { scope: "row", title: nameOf(one) }, link(one), " " + (one + 1)), places.map((two) => cell(one, two))))));
  matrix.style.setProperty("--side", side + "px");
  const beside = make("div");
  const pair = pairOf.get(chosen);
  if (pair) beside.append(pairCard(pair, link, true));
  else if (chosen) beside.append(missing("pair of families"));
  beside.append(make("h3", null, "Most in common"), make("div", null, [...pairs].sort((a, b) => b[2] - a[2]).slice(0, 12).map((one) => pairCard(one, link, false))));
  put(make("div", { class: "map" }, make("div", { class: "scroll" }, matrix), beside));
  if (all > families.length) put(make("p", { class: "quiet" }, "These are the " + number(families.length) + " families that share most with few others; " + number(all - families.length) + " more share something."));
}

function pairCard([one, two, chars, n, clusters], link, whole) {
  const line = make("p", { class: whole ? "" : "sample" }, link(one), make("span", { class: "quiet" }, " and "), link(two), make("br"),
    make("a", { href: "#map/" + one + "-" + two }, plural(chars, "character", "characters")), make("span", { class: "quiet" }, " in " + plural(n, "cluster", "clusters")));
  if (!whole) return line;
  const list = make("ul", null, clusters.map((id) => make("li", null, clusterLink(id), clusterOf.has(id) ? make("span", { class: "quiet" }, " " + (clusterOf.get(id).parts.find((part) => typeof part === "string" && part.trim()) || "").slice(0, 40)) : null)));
  return make("div", { class: "card chosen" }, line, make("p", null, "The largest of them"), list);
}
