"use strict";
/* Cards for other people's pages. */
(() => {
  const { h, api, section, quiet } = tonearm;
  const { action, careful, command, field, segment, send, state, withNews } = tonearm.library;

  const EMBED = { now: "What plays now", week: "This week", artists: "Top artists", albums: "Top albums", tracks: "Top tracks", grid: "A grid of albums" };
  const RANGES = [["all", "all time"], ["year", "this year"], ["month", "this month"], ["week", "this week"]];
  const options = (pairs, chosen) => pairs.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  const inMarkup = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
  const WRITTEN = {
    markdown: ["Markdown", (alt, url) => `![${alt.replace(/[\\[\]]/g, "\\$&")}](${url})`],
    html: ["HTML", (alt, url) => `<img src="${inMarkup(url)}" alt="${inMarkup(alt)}">`],
    bbcode: ["Forum", (_alt, url) => `[img]${url.replace(/\.svg(?=$|\?)/, ".png")}[/img]`],
    address: ["Address", (_alt, url) => url],
  };

  async function embeds({ query, signal }) {
    const who = tonearm.listener;
    if (!who) return [quiet("There are no listeners yet: import a history first.")];
    const found = await api(`listeners/${segment(who)}/cards`, { signal });
    const asked = { theme: query.get("theme") ?? "auto", range: query.get("range") ?? "all", as: query.get("as") ?? "markdown" };
    const choose = (name, label, pairs) => {
      const control = h("select", { onchange: () => { location.hash = tonearm.to(["library", "cards"], { ...asked, [name]: control.value }); } }, options(pairs, asked[name]));
      return field(label, control);
    };
    const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
    return [
      h("p.soft", {}, "Pictures of what you play, for a README, a forum or a page of your own."),
      section("Who may see them", showing(found),
        isHere && quiet("These addresses reach this machine alone. For others, serve tonearm under a name that they can reach.")),
      section("The cards", h("div.row", {},
        choose("theme", "Theme", [["auto", "as the reader's browser"], ["light", "light"], ["dark", "dark"]]),
        choose("range", "Lists and grid of", RANGES),
        choose("as", "Copy as", Object.entries(WRITTEN).map(([name, [text]]) => [name, text]))),
      h("div.embeds", {}, found.cards.map((path) => embed(path, asked, signal)))),
    ];
  }

  const showing = (found) => {
    const put = (isPublic) => () => send("PUT", `listeners/${segment(found.listener)}/cards`, { is_public: isPublic });
    if (found.is_public) return [h("p", {}, state("good", "public"), " Anybody with the address can see them."), withNews(action("Hide them again", "Hiding them.", put(false)))];
    return [h("p", {}, state("off", "private"), " They need a token, except on this machine."),
      careful("Show them to everybody", `Show these cards of ${found.listener}, and nothing else, to everybody who has an address?`, "Show them", "Showing them.", put(true))];
  };

  const embed = (path, asked, signal) => {
    const [name] = /\w+(?=\.svg$)/.exec(path);
    const hasRange = !["now", "week"].includes(name);
    const query = new URLSearchParams({ ...(name !== "grid" && asked.theme !== "auto" && { theme: asked.theme }), ...(hasRange && asked.range !== "all" && { range: asked.range }) }).toString();
    const at = path.slice(1) + (query && `?${query}`);
    const alt = `${EMBED[name]}: ${tonearm.listener}`;
    const place = h("div.shot", {}, h("p.soft", {}, "…"));
    // A picture's own request would show no token.
    api(at, { signal }).then((svg) => place.replaceChildren(h("img", { src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt }))).catch((error) => { if (error.name !== "AbortError") place.replaceChildren(quiet(error.message)); });
    const [, written] = WRITTEN[asked.as] ?? WRITTEN.markdown;
    return h("figure.embed", {}, h("figcaption", {}, EMBED[name]), place, command(written(alt, new URL(at, location.href.replace(/[?#].*/, "")).href)));
  };

  Object.assign(tonearm.library, { embeds });
})();
