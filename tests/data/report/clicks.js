// Uses the page as a reader would, and writes what came of it into the title.
setTimeout(() => {
  const said = {};
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = () => all("#documents tr.hit td:last-child a").map((link) => link.textContent);
  const click = (title) => all("#documents th button").find((button) => button.textContent === title).click();
  const key = (name) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

  click("Characters");
  click("Characters");
  said.longest = ids()[0];
  click("Original");
  click("Original");
  said.most_original = ids()[0];
  said.without_text = ids().pop();
  one("#documents input").value = "QINGSHI";
  one("#documents input").dispatchEvent(new Event("input"));
  said.found = ids().sort();
  said.says = one("#documents .tools span").textContent;
  location.hash = "#document-2";
  setTimeout(() => {
    key("n");
    key("n");
    said.second = all(".text .on").map((span) => span.textContent).join("|");
    all(".mark2").pop().dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
    said.hovered = one(".notes .on small").textContent;
    one(".notes li a").click();
    setTimeout(() => {
      said.opened = one("#document h2").textContent;
      key("Escape");
      setTimeout(() => {
        said.hash = location.hash;
        document.title = JSON.stringify(said);
      }, 20);
    }, 20);
  }, 20);
}, 20);
