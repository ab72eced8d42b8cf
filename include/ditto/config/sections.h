#pragma once

#include "ditto/config/config.h"
#include "ditto/config/stage_sections.h"

/// The schema: one `describe` per section binds each key to its field with its range and meaning.
/// Defaults are the fields' initialisers. Defaults, checks, `config show`, `config schema`,
/// docs/config.md and the stage fingerprints are all made from these by visitors (load.h).
///
/// A visitor has
///   integer(name, field, minimum, maximum, doc [, effect])      field: int or std::uint64_t
///   even(name, field, minimum, maximum, doc [, effect])         field: int; an even number
///   number(name, field, minimum, maximum, doc [, effect])       field: double
///   choice(name, field, {values}, doc [, effect])               field: std::string
///   text(name, field, doc [, effect])                           field: std::string
///   duration(name, field, doc [, effect])                       field: std::string; as
///                                                               parse_duration reads it, or empty
///   texts(name, field, doc [, effect])                          field: std::vector<std::string>
///   flag(name, field, doc [, effect])                           field: bool
/// Ranges are inclusive. Documentation states the unit. The stages' keys are in stage_sections.h.
namespace ditto::config {

// One line a key: this is a table.
// clang-format off
template <class V>
void describe(V& v, Sources& s) {
  v.texts("input", s.input, "Folders (searched recursively) or files with the source videos.", Effect::kNone);
  v.texts("extensions", s.extensions, "File name extensions that are taken for videos, without the dot, in any case.");
  v.text("instructions", s.instructions,
         "A JSON-lines file with the user's own instructions: {\"path\" or \"clip\": ..., \"text\": ...}. "
         "They come before the agent's.");
}

template <class V>
void describe(V& v, Clip& c) {
  v.number("fps", c.fps, 1, 120, "Frame rate of every clip; 29.97 and 23.976 stand for the NTSC ratios.");
  v.integer("frames", c.frames, 5, 1001, "Frames of every clip; video models of the Wan family want 4n+1.");
  v.even("width", c.width, 32, 4096, "Width in pixels of a landscape clip; even.");
  v.even("height", c.height, 32, 4096, "Height in pixels of a landscape clip; even.");
  v.choice("orientation", c.orientation, {"source", "fixed"},
           "source: portrait sources get width and height swapped; fixed: every clip is width x height.");
}

template <class V>
void describe(V& v, Curate& c) {
  v.choice("backend", c.backend, {"builtin"}, "Implementation of the stage.");
  v.integer("max_clips_per_source", c.max_clips_per_source, 0, 1000000, "Clips taken from one source at most, spread over it; 0: no limit.");
  v.number("shot_threshold", c.shot_threshold, 1, 100, "A cut is where the motion grid can't be followed and the content change is at least this many times its neighbourhood's mean.");
  v.number("max_upscale", c.max_upscale, 0.1, 64, "Sources that would be enlarged more than this are dropped.");
  v.number("min_fps_ratio", c.min_fps_ratio, 0, 1, "Sources whose frame rate is below this fraction of clip.fps are dropped.");
  v.number("max_letterbox", c.max_letterbox, 0, 1, "Largest fraction of the picture that dark bars at its edges may take.");
  v.number("black_level", c.black_level, 0, 255, "A frame with a mean luma below this, out of 255, is black.");
  v.number("max_black_fraction", c.max_black_fraction, 0, 1, "Largest fraction of black frames in a clip.");
  v.number("max_frozen_fraction", c.max_frozen_fraction, 0, 1, "Largest fraction of frames that repeat the one before, beyond those that the rate conversion explains.");
  v.number("min_motion", c.min_motion, 0, 100, "Clips with a lower motion score (mean over a point grid of the cumulative displacement, in diagonals) are dropped as static.");
  v.number("max_motion", c.max_motion, 0, 1000, "Clips with a higher motion score are dropped.");
  v.number("duplicate_similarity", c.duplicate_similarity, 0, 1, "Clips whose embeddings have at least this cosine similarity are duplicates; the later one is dropped. 1: only identical ones.");
  v.integer("motion_grid", c.motion_grid, 2, 64, "Points of the motion grid along the longer side.");
}

template <class V>
void describe(V& v, Output& c) {
  v.text("dir", c.dir, "The output directory.", Effect::kNone);
  v.integer("crf", c.crf, 0, 51, "libx264's constant rate factor.");
  v.choice("preset", c.preset, {"ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"}, "libx264's preset.");
  v.integer("encoder_threads", c.encoder_threads, 1, 64, "libx264's threads; part of the result, since bytes depend on it.");
  v.integer("shard_samples", c.shard_samples, 1, 1000000, "Samples in a shard at most.");
  v.number("shard_megabytes", c.shard_megabytes, 1, 100000, "Size of a shard at most, in MB; a larger sample gets a shard of its own.");
}

template <class V>
void describe(V& v, Run& c) {
  v.integer("seed", c.seed, 0, 9007199254740991, "Seed of every random stream.");
  v.integer("unit_clips", c.unit_clips, 1, 100000, "Consecutive clips of the manifest that are scheduled and written as a whole.");
  v.integer("workers", c.workers, 0, 1024, "Samples computed at the same time; 0: as many as there are cores.", Effect::kNone);
  v.number("memory_megabytes", c.memory_megabytes, 64, 10000000, "Memory that the planned stages may take together, in MB.", Effect::kNone);
  v.integer("retries", c.retries, 0, 10, "Further tries after a fault that can pass.", Effect::kNone);
  v.duration("deadline", c.deadline, "Stop cleanly after this time, as 90s, 45m, 3h or H:MM:SS; empty: none.", Effect::kNone);
  v.choice("cpu", c.cpu, {"avx2", "compatible", "native"},
           "avx2: the same bytes on Intel CPUs of every generation from AVX2 on; compatible: also on those of other makers, "
           "with matrix products at about 0.4 times the speed; native: the CPU's best instructions.");
  v.number("min_free_megabytes", c.min_free_megabytes, 0, 10000000, "No work is started with less free disk space than this, in MB.", Effect::kNone);
}
// clang-format on

/// Calls `visit(name, section, doc)` for every section in the order of the pipeline.
template <class C, class F>
void for_each_section(C& config, F&& visit) {
  visit("sources", config.sources, "Where the videos come from.");
  visit("clip", config.clip, "The one format that every clip of the dataset has.");
  visit("curate", config.curate, "Sources to clips: shots, quality, motion, duplicates.");
  visit("instruct", config.instruct, "The agent that writes the instructions.");
  visit("edit", config.edit, "The image editor for the key frame.");
  visit("gate", config.gate,
        "The cheap check of the edited key frame before a video is made of it.");
  visit("depth", config.depth, "Depth of the source clip.");
  visit("generate", config.generate,
        "The in-context generator: edited key frame and source clip to edited clip.");
  visit("enhance", config.enhance, "The temporal enhancer of the generated clip.");
  visit("judge", config.judge,
        "The filter: scores from 1 to 10 and the least that each must reach.");
  visit("output", config.output, "What is written, and where.");
  visit("run", config.run, "How the run is carried out.");
}

}  // namespace ditto::config
