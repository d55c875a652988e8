// Addresses, keys and the switch of colours. An address is #VIEW/WHAT@OFFSET?QUERY; what stands in it is encoded.
const missing = (what) => make("p", { class: "notice" }, "There is no such " + what + " in this page.");
const uncoded = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

function parsed() {
  const [, path, name, what, offset, query] = /^#(([a-z]+)(?:\/([^@?]*))?(?:@(\d+))?)(?:\?(.*))?$/.exec(location.hash) || [null, "overview", "overview"];
  return { path, name, what: what === undefined ? "" : uncoded(what), offset: offset === undefined ? undefined : Number(offset), query: Object.fromEntries(new URLSearchParams(query || "")) };
}

const VIEWS = {
  documents: documentsView,
  document: (route) => (placeOf.has(route.what) ? documentView(placeOf.get(route.what), route.offset) : put(missing("document"))),
  row: (route) => (table.ids[Number(route.what)] === undefined ? put(missing("document")) : documentView(Number(route.what), route.offset)),
  clusters: (route) => clustersView(route, route.what),
  families: (route) => clustersView(route, "document"),
  cluster: (route) => clusterView(route.what),
  family: (route) => clusterView(route.what),
  phrases: (route) => phrasesView(route),
  phrase: (route) => (phraseOf.has(route.what) ? phrasesView(route, phraseOf.get(route.what)) : put(missing("phrase"))),
  rules: (route) => rulesView(route),
  rule: (route) => rulesView(route, route.what),
  map: (route) => mapView(route.what),
};

// The tab that an address belongs to, and where Escape leads from it.
function parentOf({ name, what }) {
  if (name === "document" || name === "row") return "#documents";
  if (name === "cluster" && clusterOf.has(what)) return "#clusters/" + encodeURIComponent(clusterOf.get(what).level);
  if (name === "clusters") return "#clusters/" + encodeURIComponent(what);
  return { cluster: "#clusters/block", family: "#families", phrase: "#phrases", rule: "#rules" }[name] || "#" + name;
}

function route() {
  const here = parsed();
  const still = document.getElementById(here.name);
  const fixed = still && still.matches("main > section") && here.name !== "view";
  const shows = fixed ? still : VIEWS[here.name] ? view : document.getElementById("overview");
  for (const section of document.querySelectorAll("main > section")) section.hidden = section !== shows;
  const tab = shows === view || fixed ? parentOf(here) : "#overview";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const current = document.querySelector("nav [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 40;
  steps = null;
  view.replaceChildren();
  if (here.offset === undefined) window.scrollTo(0, 0);
  if (shows === view) VIEWS[here.name](here);
  if (location.hash) shows.focus({ preventScroll: true });
  const chosen = view.querySelector(".chosen");
  if (chosen && here.name !== "map") chosen.scrollIntoView({ block: "nearest" });
}

// Up and down go through what can be opened in the view; left and right turn the pages of a list.
function move(by) {
  const links = [...document.querySelectorAll("section:not([hidden]) :is(td.main a, .card .head a, .notes .item, .leads a, .matrix td a, .lines a)")].filter((link) => link.offsetParent !== null);
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
  return true;
}
function turn(words) {
  const button = view.querySelector('button[aria-label="' + words + '"]');
  if (button && !button.hidden && !button.disabled) button.click();
}
function escape(typing) {
  if (typing) {
    if (document.activeElement.value) { document.activeElement.value = ""; document.activeElement.dispatchEvent(new Event("input")); }
    document.activeElement.blur();
    return;
  }
  const here = parsed();
  const up = parentOf(here);
  location.hash = up === "#" + here.path ? "#overview" : up;
}

const KEYS = [["/", "search"], ["\u2191 \u2193", "through what can be opened; Enter opens it"], ["\u2190 \u2192", "previous and next page of a list"],
  ["n p", "next and previous finding of a document"], ["Esc", "back to the list, then to the overview"], ["?", "this"]];
function help() {
  const dialog = document.getElementById("help");
  dialog.replaceChildren(make("h3", null, "Keys"), make("dl", null, KEYS.map(([keys, says]) => [make("dt", null, make("kbd", null, keys)), make("dd", null, says)])),
    make("button", { type: "button", onclick: () => dialog.close() }, "Close"));
  dialog.showModal();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) return;
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === "Escape") return escape(typing);
  if (event.target instanceof HTMLSelectElement) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (event.target.closest && event.target.closest(".text, .aligned")) return;
    if (move(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    return;
  }
  if (typing) return;
  if (event.key === "/") {
    event.preventDefault();
    const box = document.querySelector("section:not([hidden]) input[type=search]");
    if (box) return box.focus();
    window.addEventListener("hashchange", () => view.querySelector("input[type=search]")?.focus(), { once: true }); // after `route`
    location.hash = "#documents";
  } else if (event.key === "ArrowLeft") turn("Previous page");
  else if (event.key === "ArrowRight") turn("Next page");
  else if (event.key === "?") help();
  else if (steps && (event.key === "n" || event.key === "p")) steps(event.key === "n" ? 1 : -1);
}

// Light, dark, or as the system has it; the choice is kept where the browser lets a page of a file keep anything.
const SCHEMES = ["", "light", "dark"];
function kept(value) {
  try {
    if (value === undefined) return localStorage.getItem("detector-theme") || "";
    localStorage.setItem("detector-theme", value);
  } catch { /* a page from disk may have no storage */ }
  return "";
}
function scheme(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  const button = document.getElementById("theme");
  button.textContent = chosen ? chosen[0].toUpperCase() + chosen.slice(1) : "System";
  button.title = "Colours: light, dark, or as the system has them";
  button.onclick = () => { const next = SCHEMES[(SCHEMES.indexOf(chosen) + 1) % 3]; kept(next); scheme(next); };
}

scheme(SCHEMES.includes(kept()) ? kept() : "");
document.getElementById("keys").onclick = help;
for (const button of document.querySelectorAll(".switches button")) button.hidden = false;
view.addEventListener("mouseover", pointed);
window.addEventListener("hashchange", route);
window.addEventListener("keydown", pressed);
route();
performance.mark("report-ready");
