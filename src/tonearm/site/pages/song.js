"use strict";
/* A track that was not played yet: what is known of it, where it can be heard, and what goes with it. */
(() => {
  const { h, section, quiet } = tonearm;
  const SHOWN = 8;

  const facts = (song) => {
    const known = [["Album", song.album_name], ["Genre", song.genre], ["Length", tonearm.duration(song.duration_s)]].filter(([, value]) => value);
    return known.length > 0 && h("dl.facts", {}, known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  };

  /** Ids of Spotify have 22 letters and digits; those of the demo are made up. */
  const elsewhere = ({ spotify_id: id }) => /^(?!demo)[A-Za-z0-9]{22}$/.test(id ?? "")
    && h("p", {}, h("a", { href: `https://open.spotify.com/track/${id}`, target: "_blank", rel: "noopener noreferrer" }, "Open it on Spotify"));

  tonearm.pages.song = {
    title: "Track",
    draw: async ({ parts, signal }) => {
      const [id] = parts;
      const wishes = new URLSearchParams({ k: SHOWN, listener: tonearm.listener });
      const song = await tonearm.api(`songs/${encodeURIComponent(id)}`, { signal });
      const [heard, found] = await Promise.all([
        tonearm.document("search", { q: song.track_name ?? "" }, { signal }),
        // What goes with it is an extra, for which there may be too little to go by.
        tonearm.api(`recommend/song/${encodeURIComponent(id)}?${wishes}`, { signal }).catch((error) => {
          if (error.name === "AbortError") throw error;
          return error;
        }),
      ]);
      // It may have been played since somebody kept its address.
      if (heard.tracks.some((row) => row.track_id === id)) location.replace(tonearm.to(["track", id]));
      const known = found.tracks?.find((row) => row.is_artist_heard && row.artist_name === song.artist_name);
      const artist = known ? tonearm.link.artist({ artist_id: known.artist_id, artist: song.artist_name }) : song.artist_name ?? "an unknown artist";
      return [
        h("div.lead", {}, h("h1", {}, song.track_name ?? "Unknown track"), h("p", {}, "By ", artist, ". You have not played it yet."), facts(song), elsewhere(song)),
        section("What goes with it", found instanceof Error ? quiet(found.message) : tonearm.recommended(found)),
      ];
    },
  };
})();
