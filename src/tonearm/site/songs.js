"use strict";
/* Tracks to put on, each with why it is there, and what the API recommends. */
(() => {
  const { h, link, quiet } = tonearm;

  /** A link to the page of a track, which was played or not (`is_new`). */
  const track = (row) => (row.is_new ? h("a", { href: tonearm.to(["song", row.track_id]) }, row.track ?? "Unknown track") : link.track(row));

  /** Rows of {track_id, track, artist_id, artist, text}; those that `is_new` marks were never played. */
  tonearm.songs = (rows) => {
    const isMixed = rows.some((row) => row.is_new) && rows.some((row) => !row.is_new);
    return h("ol.songs", {}, rows.map((row) => h("li", {},
      tonearm.sleeve(tonearm.sleeveOf("tracks", row), 40),
      h("span.names", {},
        h("span.name", {}, track(row), isMixed && row.is_new && h("span.new", {}, "new to you")),
        h("span.by", {}, row.artist_id ? link.artist(row) : row.artist ?? "Unknown artist"),
        row.text && h("small", {}, tonearm.sentence(row))))));
  };

  /** An answer of /recommend: its tracks with their reasons, and what it says of them as a whole. */
  tonearm.recommended = (found) => {
    const rows = found.tracks.map((row) => ({
      track_id: row.track_id, track: row.track_name, artist_id: row.is_artist_heard ? row.artist_id : null, artist: row.artist_name, album: row.album_name,
      text: row.because, is_new: !row.is_heard,
    }));
    const rule = found.served_by === "baseline" && "Chosen by a simple rule: no model is trained, or none did better.";
    const catalogue = h("a", { href: tonearm.to(["library", "imports"]) }, "Library page");
    return [
      rows.length ? tonearm.songs(rows) : quiet("Nothing was found: it takes tracks that you have not played, such as those of a track catalogue. Import one on the ", catalogue, "."),
      ...[found.note, found.fewer, rows.length > 0 && rule].filter(Boolean).map((one) => h("p", {}, h("small", {}, one))),
    ];
  };
})();
