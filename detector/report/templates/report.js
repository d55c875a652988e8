"use strict";
// Draws the lists and documents of the page. Every string becomes a text node; nothing is ever parsed as HTML.
(() => {
  const PARTS = [["O", "own"], ["P", "phrase"], ["S", "shared"], ["R", "repeated"], ["U", "unfilled"], ["J", "junk"]];
  const NAME = new Map(PARTS);
  const PAGE = 100;
  const lists = JSON.parse(document.getElementById("lists").textContent);
  const withText = new Set(lists.texts);
  const number = (value) => value.toLocaleString("en-US");

  // An element with properties, classes and children; strings among the children become text nodes.
  function make(tag, options, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(options || {})) {
      if (name === "class") made.className = value;
      else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function percent(ratio) {
    if (ratio === null) return "\u2013";
    if (ratio > 0 && ratio < 0.001) return "<0.1 %";
    if (ratio > 0.999 && ratio < 1) return ">99.9 %";
    return (100 * ratio).toFixed(1) + " %";
  }
  const measure = (row) => (row.sample === null ? row.originality : row.sample);
  const plural = (count, one, many) => number(count) + " " + (count === 1 ? one : many);

  function bar(parts) {
    const all = parts.reduce((sum, count) => sum + count, 0);
    const drawn = make("div", { class: "bar", role: "img" });
    const words = [];
    PARTS.forEach(([letter, name], place) => {
      if (!parts[place]) return;
      const share = parts[place] / all;
      const part = make("span", { class: "part " + name, title: name + " " + percent(share) }, share > 0.06 ? letter : "");
      part.style.width = 100 * share + "%";
      words.push(name + " " + percent(share));
      drawn.append(part);
    });
    drawn.setAttribute("aria-label", words.join(", ") || "no text");
    return drawn;
  }

  function barcode(stripes) {
    const space = "http://www.w3.org/2000/svg";
    const drawn = document.createElementNS(space, "svg");
    drawn.setAttribute("class", "code");
    drawn.setAttribute("viewBox", "0 0 " + Math.max(1, stripes.length) + " 1");
    drawn.setAttribute("preserveAspectRatio", "none");
    drawn.setAttribute("aria-hidden", "true");
    for (const run of stripes.matchAll(/(.)\1*/g)) {
      const stripe = document.createElementNS(space, "rect");
      const values = { x: run.index, y: 0, width: run[0].length + 0.02, height: 1, class: NAME.get(run[1]) };
      for (const [name, value] of Object.entries(values)) stripe.setAttribute(name, value);
      drawn.append(stripe);
    }
    return drawn;
  }

  // A link to a document of this page, to an offset in it if one is given; plain text for one that is not here.
  function doc(place, id, offset) {
    const where = offset === undefined ? "" : " at " + number(offset);
    if (place < 0) return make("span", { class: "doc" }, id + where);
    const at = offset === undefined ? "" : "@" + offset;
    return make("a", { class: "doc", href: "#document-" + place + at }, id + where);
  }

  // Rows behind a search box, a hundred at a time; nothing is left out without a button that shows it.
  function listing(section, rows, words, draw, place) {
    const box = make("input", { type: "search", placeholder: "Search", "aria-label": "Search this list" });
    const says = make("span", { "aria-live": "polite" });
    const more = make("div", { class: "tools" });
    let found = rows;
    let n = 0;
    const next = (count) => {
      const end = Math.min(found.length, n + count);
      place.append(...found.slice(n, end).map(draw));
      n = end;
      says.textContent = "showing " + number(n) + " of " + number(found.length) + (found.length < rows.length ? " found" : "");
      more.replaceChildren();
      if (n < found.length) {
        more.append(
          make("button", { type: "button", onclick: () => next(PAGE) }, "Show " + number(Math.min(PAGE, found.length - n)) + " more"),
          make("button", { type: "button", onclick: () => next(found.length) }, "Show all " + number(found.length)),
        );
      }
    };
    const restart = (ordered) => {
      if (ordered) rows = ordered;
      const wanted = box.value.trim().toLowerCase();
      found = wanted ? rows.filter((row) => words(row).toLowerCase().includes(wanted)) : rows;
      n = 0;
      place.replaceChildren();
      next(PAGE);
    };
    box.addEventListener("input", () => restart());
    section.append(make("div", { class: "tools" }, box, says));
    return { restart, more };
  }

  // A table whose columns sort; it comes sorted by the first one: [title, class of its cells, the value to sort by or null, what stands in a cell].
  function table(section, rows, columns, words, order) {
    const head = make("tr");
    const body = make("tbody");
    const draw = (row) => make("tr", { class: "hit" }, ...columns.map(([, kind, , cell]) => make("td", { class: kind }, ...[cell(row)].flat())));
    const list = listing(section, rows, words, draw, body);
    for (const [title, kind, value] of columns) {
      const cell = make("th", { class: kind === "n" || kind === "n own-figure" ? "n" : "", scope: "col" });
      if (!value) cell.append(title);
      else cell.append(make("button", { type: "button", onclick: () => {
        const down = cell.getAttribute("aria-sort") === "ascending";
        for (const other of head.children) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        list.restart(sorted(rows, value, down));
      } }, title));
      head.append(cell);
    }
    head.firstChild.setAttribute("aria-sort", order);
    section.append(make("div", { class: "scroll" }, make("table", null, make("thead", null, head), body)), list.more);
    list.restart();
  }

  // Rows by a value, what has none last; equal rows stay in the order they came in.
  function sorted(rows, value, down) {
    const order = (one, two) => {
      const [a, b] = [value(one), value(two)];
      if (a === null || b === null) return (a === null) - (b === null);
      return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
    };
    return [...rows].sort(order);
  }

  const draws = {
    documents(section) {
      const rows = lists.documents.map((row, place) => ({ ...row, place }));
      const notes = (row) => [row.copy === null ? "" : "copy of " + row.copy, row.flags.join(", ")].filter(Boolean).join(" \u00b7 ");
      table(section, rows, [
        ["Original", "n own-figure", measure, (row) => percent(measure(row))],
        ["Parts", "wide", null, (row) => bar(row.parts)],
        ["Where", "wide", null, (row) => barcode(row.stripes)],
        ["Characters", "n", (row) => row.chars, (row) => number(row.chars)],
        ["Findings", "n", (row) => row.findings, (row) => number(row.findings)],
        ["Document", "", (row) => row.id, (row) => [doc(row.place, row.id), make("div", { class: "quiet" }, notes(row))]],
      ], (row) => [row.id, row.source, notes(row)].join("\n"), "ascending");
    },
    passages: (section) => clusters(section, lists.passages),
    blocks: (section) => clusters(section, lists.blocks),
    phrases(section) {
      table(section, lists.phrases.rows, [
        ["Families", "n", (row) => row[0], (row) => number(row[0])],
        ["Places", "n", (row) => row[1], (row) => number(row[1])],
        ["Tokens", "n", (row) => row[2], (row) => number(row[2])],
        ["Phrase", "doc", (row) => row[3], (row) => row[3]],
      ], (row) => row[3], "descending");
    },
    rules(section) {
      let kind = "";
      for (const row of lists.rules) {
        if (row.kind !== kind) section.append(make("h3", null, row.title + " ", make("span", { class: "quiet" }, row.says)));
        kind = row.kind;
        const numbers = plural(row.findings, "finding", "findings") + " in " + plural(row.documents, "document", "documents");
        const card = make("div", { class: "card" }, make("p", { class: "head" }, make("b", null, row.rule), make("span", { class: "quiet" }, numbers)));
        for (const [place, start, before, text, after] of row.examples) {
          const link = place < 0 ? null : doc(place, lists.documents[place].id, start);
          card.append(make("p", { class: "sample" }, before, make("mark", { class: row.kind }, text), after, make("br"), link));
        }
        section.append(card);
      }
    },
    families(section) {
      const draw = (row) => make("div", { class: "card" },
        make("p", { class: "head" }, doc(...row.head), make("span", { class: "quiet" }, plural(row.n, "copy", "copies"))),
        ...row.copies.map(([place, id, ratio]) => make("p", { class: "sample" }, doc(place, id), make("span", { class: "quiet" }, "  Jaccard " + ratio.toFixed(2)))),
        row.n > row.copies.length ? make("p", { class: "quiet" }, number(row.n - row.copies.length) + " more in members.jsonl") : null);
      cards(section, lists.families.rows, (row) => [row.head[1], ...row.copies.map((copy) => copy[1])].join("\n"), draw);
    },
  };

  function cards(section, rows, words, draw) {
    const place = make("div");
    const list = listing(section, rows, words, draw, place);
    section.append(place, list.more);
    list.restart();
  }

  function clusters(section, list) {
    cards(section, list.rows, (row) => row.samples.map((sample) => sample.id + "\n" + sample.text).join("\n"), (row) => {
      const numbers = [plural(row.chars, "character", "characters"), plural(row.families, "family", "families"),
        plural(row.documents, "document", "documents"), plural(row.places, "place", "places")].join(" \u00b7 ");
      const card = make("div", { class: "card" }, make("p", { class: "head" }, make("b", null, numbers), make("span", { class: "quiet id" }, row.id)));
      if (row.template.some((item) => typeof item !== "string")) card.append(make("p", { class: "template" }, ...row.template.map(slot)));
      row.samples.forEach((sample, place) => card.append(differing(sample, place > 0 && sample.text === row.samples[0].text)));
      const members = make("ul", null, ...row.members.map(([place, id, start, ratio]) =>
        make("li", null, doc(place, id, start), make("span", { class: "quiet" }, " " + ratio.toFixed(2)))));
      if (row.more) members.append(make("li", { class: "quiet" }, number(row.more) + " more in members.jsonl"));
      card.append(make("details", null, make("summary", null, "All " + plural(row.places, "place", "places")), members));
      return card;
    });
  }

  function slot(item) {
    if (typeof item === "string") return item;
    const [type, fills, others] = item;
    const words = fills.map(([text, n]) => (text || "\u2205") + (n > 1 ? " \u00d7" + n : "")).join(" | ");
    return make("span", { class: "slot" }, make("small", null, type), words + (others ? " | " + number(others) + " others" : ""));
  }

  function differing(sample, same) {
    const letters = Array.from(sample.text);
    const made = make("p", { class: "sample" });
    if (same) {
      made.append(doc(sample.doc, sample.id, sample.start), make("span", { class: "quiet" }, "  the same"));
      return made;
    }
    let at = 0;
    for (const [start, end] of sample.changed) {
      made.append(letters.slice(at, start).join(""), make("mark", null, letters.slice(start, end).join("")));
      at = end;
    }
    const ratio = sample.ratio < 1 ? make("span", { class: "quiet" }, "  ratio " + sample.ratio.toFixed(2)) : null;
    const more = sample.more ? make("span", { class: "quiet" }, "\u2026 " + plural(sample.more, "more character", "more characters")) : "";
    made.append(letters.slice(at).join(""), more, make("br"), doc(sample.doc, sample.id, sample.start));
    if (ratio) made.append(ratio);
    return made;
  }

  // One document: its text cut where parts, marks and findings change, its findings beside it.
  let steps = null;
  function drawDocument(section, place, offset) {
    const row = lists.documents[place];
    const notes = [row.source && row.source + ", record " + number(row.row), row.copy !== null && "copy of " + row.copy, ...row.flags];
    const step = (by, title) => (lists.documents[place + by] ? make("a", { href: "#document-" + (place + by) }, title) : null);
    section.append(
      make("p", { class: "steps" }, make("a", { href: "#documents" }, "\u2190 all documents"), step(-1, "less original"), step(1, "more original"),
        make("span", { class: "keys" }, make("kbd", null, "n"), " ", make("kbd", null, "p"), " next and previous finding, ", make("kbd", null, "Esc"), " back")),
      make("h2", { class: "doc" }, row.id), make("p", { class: "says doc" }, notes.filter(Boolean).join(" \u00b7 ")));
    const legend = make("ul", { class: "legend" });
    PARTS.forEach(([letter, name], index) => {
      if (!row.parts[index]) return;
      legend.append(make("li", null, make("i", { class: "chip " + name }, letter), " ", make("b", null, name), make("em", null, percent(row.parts[index] / row.chars))));
    });
    const chars = percent(measure(row)) + " of " + plural(row.chars, "character", "characters") + " not seen elsewhere";
    section.append(make("div", { class: "figures" }, make("p", null, chars), bar(row.parts), barcode(row.stripes), legend));
    if (!withText.has(place)) {
      section.append(make("p", { class: "notice" }, "The text of this document is not in this page; the command explain shows it."));
      return;
    }
    const data = JSON.parse(document.getElementById("text-" + place).textContent);
    const letters = Array.from(data.text);
    const panel = make("ol");
    const spans = data.findings.map(() => []);
    const items = data.findings.map((finding) => item(finding, letters));
    panel.append(...items);
    const text = make("div", { class: "text", tabindex: "0", role: "region", "aria-label": "Text of the document" });
    const anchor = coloured(text, letters, data, spans, offset);
    const head = make("h3", null, items.length ? plural(items.length, "finding", "findings") : "No findings");
    section.append(make("div", { class: "view" }, text, make("aside", { class: "notes", "aria-label": "Findings" }, head, panel)));

    let current = -1;
    const choose = (index, scrollText) => {
      if (current >= 0) [items[current], ...spans[current]].forEach((part) => part.classList.remove("on"));
      current = index;
      [items[index], ...spans[index]].forEach((part) => part.classList.add("on"));
      items[index].scrollIntoView({ block: "nearest" });
      if (scrollText && spans[index].length) spans[index][0].scrollIntoView({ block: "center" });
    };
    items.forEach((made, index) => made.firstChild.addEventListener("click", () => choose(index, true)));
    text.addEventListener("mouseover", (event) => {
      const covers = event.target.dataset && event.target.dataset.finding;
      if (covers) choose(Number(covers), false);
    });
    steps = (by) => items.length && choose(Math.min(items.length - 1, Math.max(0, current + by)), true);
    if (anchor) anchor.scrollIntoView({ block: "center" });
  }

  function item([start, end, kind, letter, says, place, at], letters) {
    const chip = letter ? make("i", { class: "chip " + NAME.get(letter) }, letter) : make("i", { class: "chip" }, "\u00b7");
    const where = make("span", { class: "quiet" }, number(start) + "\u2013" + number(end));
    const words = (from, to) => letters.slice(Math.max(0, from), to).join("").replace(/\s+/g, " ");
    const short = end - start < 6;
    const quote = make("q", null, short ? words(start - 8, start) : "", make(short ? "b" : "span", null, words(start, Math.min(end, start + 60))), short ? words(end, end + 14) : "");
    const button = make("button", { type: "button" }, chip, " ", make("b", null, kind.replace(/_/g, " ")), " ", where, quote, make("small", null, says));
    return make("li", null, button, place < 0 ? null : make("a", { href: "#document-" + place + "@" + at }, "open it there"));
  }

  // Appends the text as spans; returns the one that holds the offset, and fills in the spans of every finding.
  function coloured(text, letters, data, spans, offset) {
    const cuts = new Set();
    for (const [start, end] of data.findings) cuts.add(start).add(end);
    const inner = [...cuts].sort((a, b) => a - b);
    const begins = data.findings.map((finding, index) => index).sort((a, b) => data.findings[a][0] - data.findings[b][0]);
    let next = 0;
    let cut = 0;
    let open = [];
    let anchor = null;
    for (const [start, end, letter, mark] of data.pieces) {
      let at = start;
      while (at < end) {
        while (cut < inner.length && inner[cut] <= at) cut += 1;
        const stop = cut < inner.length ? Math.min(end, inner[cut]) : end;
        while (next < begins.length && data.findings[begins[next]][0] <= at) open.push(begins[next++]);
        open = open.filter((index) => data.findings[index][1] > at);
        const words = letters.slice(at, stop).join("");
        const holds = offset !== undefined && at <= offset && offset < stop;
        if (!open.length && letter === "O" && !mark && !holds) text.append(words);
        else {
          const inside = make("span", { class: NAME.get(letter) + (mark ? " mark" + mark : "") }, words);
          // The shortest finding is the most telling one: a blank rather than the passage around it.
          const best = [...open].sort((a, b) => data.findings[a][1] - data.findings[a][0] - data.findings[b][1] + data.findings[b][0])[0];
          if (best !== undefined) {
            inside.dataset.finding = best;
            inside.title = open.map((index) => data.findings[index][2].replace(/_/g, " ") + ": " + data.findings[index][4]).join("\n");
            for (const index of open) spans[index].push(inside);
          }
          if (holds) anchor = inside;
          text.append(inside);
        }
        at = stop;
      }
    }
    return anchor;
  }

  const drawn = new Set();
  function route() {
    const [, name, place, offset] = /^#([a-z]+)(?:-(\d+)(?:@(\d+))?)?$/.exec(location.hash) || [null, "overview"];
    const shows = document.querySelector("section#" + (document.getElementById(name) ? name : "overview"));
    for (const section of document.querySelectorAll("main > section")) section.hidden = section !== shows;
    for (const link of document.querySelectorAll("nav a")) {
      const here = link.hash === "#" + shows.id || (shows.id === "document" && link.hash === "#documents");
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    steps = null;
    if (shows.id === "document") {
      shows.replaceChildren();
      if (lists.documents[Number(place)]) drawDocument(shows, Number(place), offset === undefined ? undefined : Number(offset));
      else shows.append(make("p", { class: "notice" }, "There is no such document in this page."));
    } else if (draws[shows.id] && !drawn.has(shows.id)) {
      drawn.add(shows.id);
      const rows = Array.isArray(lists[shows.id]) ? lists[shows.id] : lists[shows.id].rows;
      if (rows.length) draws[shows.id](shows);
      else shows.append(make("p", { class: "notice" }, "There are none in this corpus."));
    }
    if (offset === undefined) window.scrollTo(0, 0);
    if (location.hash) shows.focus({ preventScroll: true });
  }
  window.addEventListener("hashchange", route);
  window.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      else if (steps) location.hash = "#documents";
    } else if (!typing && event.key === "/") {
      const box = document.querySelector("section:not([hidden]) input[type=search]");
      if (box) { event.preventDefault(); box.focus(); }
    } else if (!typing && steps && (event.key === "n" || event.key === "p")) steps(event.key === "n" ? 1 : -1);
  });
  route();
})();
