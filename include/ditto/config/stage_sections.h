#pragma once

#include "ditto/config/config.h"

/// The stages' part of the schema, from instructions to judging; sections.h says how it is read.
namespace ditto::config {

/// Whether a key changes results, and so enters fingerprints.
enum class Effect { kResult, kNone };

// One line a key: this is a table.
// clang-format off

/// The keys that the sections of all native backends have: where the networks compute, and how.
template <class V, class Section>
void describe_computing(V& v, Section& c, const char* device = "native: cpu, cuda, cuda:N, or auto (cuda where there is an NVIDIA device).") {
  v.text("device", c.device, device, Effect::kNone);
  v.choice("dtype", c.dtype, {"bfloat16", "float16", "float32"}, "native: number format of the networks.");
}

/// And those of the sections whose network is asked questions.
template <class V, class Section>
void describe_asking(V& v, Section& c) {
  v.integer("slots", c.slots, 1, 256, "native: answers that the network draws together, of all samples in work; each takes memory for its keys and values. Stages that share a network must have as many. Enters fingerprints, as rounding follows from it.", Effect::kNone);
}

template <class V>
void describe(V& v, Instruct& c) {
  v.choice("backend", c.backend, {"builtin", "native"}, "Implementation of the stage; native: Qwen2.5-VL, see docs/native.md.");
  v.integer("count", c.count, 1, 64, "Instructions per clip.");
  v.number("global_fraction", c.global_fraction, 0, 1, "Fraction of global instructions over a run; the paper has 0.7.");
  v.number("style_fraction", c.style_fraction, 0, 1, "Fraction of styles among the global instructions over a run; the rest ask for another environment.");
  v.number("replace_weight", c.replace_weight, 0, 1000, "Weight of replacements among the local instructions; 0: none.");
  v.number("add_weight", c.add_weight, 0, 1000, "Weight of additions among the local instructions; 0: none.");
  v.number("remove_weight", c.remove_weight, 0, 1000, "Weight of removals among the local instructions; 0: none.");
  v.number("attribute_weight", c.attribute_weight, 0, 1000, "Weight of changed attributes (colour, light, material) among the local instructions; 0: none.");
  v.text("weights", c.weights,
         "native: the directory of a Qwen2.5-VL checkpoint, or its name in the Hugging Face cache (OWNER/NAME, OWNER/NAME@REVISION). "
         "Its content enters fingerprints, its name doesn't.", Effect::kNone);
  v.text("prompts", c.prompts,
         "native: a folder with the prompts, files as those in configs/prompts/instruct; empty: these. Their content enters fingerprints.",
         Effect::kNone);
  v.integer("attempts", c.attempts, 1, 100, "native: rounds in which a task may yield nothing usable before another takes its place in the clip.");
  v.number("temperature", c.temperature, 0, 5, "native: how freely instructions are drawn; 0: the likeliest. The caption is the likeliest always.");
  v.integer("frames", c.frames, 0, 768, "native: frames of the clip that the model sees; 0: two a second, at least 4.");
  v.integer("max_pixels", c.max_pixels, 0, 100000000, "native: largest area of a frame that the model sees; 0: as the checkpoint's processor has it.");
  describe_asking(v, c);
  describe_computing(v, c);
}

template <class V>
void describe(V& v, Edit& c) {
  v.choice("backend", c.backend, {"builtin"}, "Implementation of the stage.");
  v.number("keyframe_position", c.keyframe_position, 0, 1, "Which frame is the key frame: 0 the first, 1 the last.");
  v.number("strength", c.strength, 0.1, 2, "Multiplies the strength of every edit.");
  v.text("objects", c.objects,
         "A folder of PNG files with transparency: things that can be added as \"add a <file name>\"; the builtin instructor "
         "asks for them too. Their content enters fingerprints, the folder's name doesn't.", Effect::kNone);
}

template <class V>
void describe(V& v, Gate& c) {
  v.choice("backend", c.backend, {"builtin", "none"}, "Implementation of the stage; none lets every key frame pass.");
  v.number("min_change", c.min_change, 0, 1, "Least mean absolute change of the key frame, of full range, inside the edited region.");
  v.number("min_structure", c.min_structure, 0, 1, "Least correlation, -1 to 1, of the local edge directions of key frame and edited key frame; outside the region of a local edit.");
  v.number("max_outside_change", c.max_outside_change, 0, 1, "Largest mean absolute change, of full range, outside the region of a local edit.");
  v.number("min_contrast", c.min_contrast, 0, 1, "Least standard deviation of the edited key frame's luma, of full range.");
  v.number("max_clipped", c.max_clipped, 0, 1, "Largest fraction of the edited key frame that is black, or that is blown out, beyond the key frame's own.");
}

template <class V>
void describe(V& v, Depth& c) {
  v.choice("backend", c.backend, {"none"}, "Depth for generators that want it; the builtin one doesn't.");
}

template <class V>
void describe(V& v, Generate& c) {
  v.choice("backend", c.backend, {"builtin", "native"}, "Implementation of the stage; native: Wan's VACE, see docs/native.md.");
  v.choice("preset", c.preset, {"draft", "default", "best"},
           "How large a pixel network is fitted to an edit, and for how long: draft, which also takes rougher optical flow, for looking at a config, best for edits with fine texture.");
  v.integer("iterations", c.iterations, 0, 100000, "Optimiser steps of the pixel network; 0: as many as the preset has.");
  v.integer("flow_width", c.flow_width, 64, 4096, "Longer side in pixels at which optical flow is computed.");
  v.flag("align_key", c.align_key,
         "Moves an edited key frame that doesn't lie on its source, as generative editors give, back onto it before it is learned from.");
  v.choice("overlay", c.overlay, {"auto", "scene", "screen"},
           "Where things belong that were drawn into the key frame: scene: they move with what is under them; screen: they stay where they are, as a title does; auto: to the scene, but for what its shape or another key frame shows to be fixed.");
  v.number("shot_threshold", c.shot_threshold, 0, 100, "A clip with a cut, found as curate.shot_threshold says, is refused; 0: cuts aren't looked for.");
  v.text("weights", c.weights,
         "native: the directory of a WanVACEPipeline, or its name in the Hugging Face cache (OWNER/NAME, OWNER/NAME@REVISION). "
         "Its content enters fingerprints, its name doesn't.", Effect::kNone);
  v.texts("lora", c.lora,
          "native: LoRA files that are merged into the transformer, or into both of two experts, each PATH or PATH:SCALE. Content and scale "
          "enter fingerprints.",
          Effect::kNone);
  v.texts("lora_high", c.lora_high, "native: the same, for the expert for high noise alone (transformer).", Effect::kNone);
  v.texts("lora_low", c.lora_low, "native: the same, for the expert for low noise alone (transformer_2).", Effect::kNone);
  v.choice("control", c.control, {"grey", "depth"},
           "native: the video that gives the structure: the clip in grey, or its depth (which needs a depth backend).");
  v.choice("recipe", c.recipe, {"none", "lightx2v-4", "causvid-3", "causvid-9", "vdot-4"},
           "native: schedule of a distilled network, see docs/pipelines.md; none: the checkpoint's own scheduler.");
  v.integer("steps", c.steps, 0, 1000, "native: denoising steps; 0: 50, or the recipe's, beside which there can be no other number.");
  v.number("guidance", c.guidance, 0, 100, "native: scale of classifier-free guidance; 1: none; 0: 5, or 1 with a recipe, beside which there can be no other.");
  v.number("control_scale", c.control_scale, 0, 10, "native: how much the control video and the edited key frame count.");
  v.text("negative_prompt", c.negative_prompt, "native: what guidance above 1 leads away from.");
  describe_computing(v, c, "Where networks compute, the builtin's pixel network too: cpu, cuda, cuda:N, or auto (cuda where there is an NVIDIA device).");
  v.flag("keep_loaded", c.keep_loaded,
         "native: keep all networks in memory from one sample to the next; else each is read when its turn comes and freed after it.",
         Effect::kNone);
}

template <class V>
void describe(V& v, Enhance& c) {
  v.choice("backend", c.backend, {"builtin", "none"}, "Implementation of the stage; none passes the frames on.");
  v.number("strength", c.strength, 0, 1, "Weight of the motion-compensated neighbours.");
  v.integer("radius", c.radius, 1, 8, "Neighbour frames on each side.");
}

template <class V>
void describe(V& v, Judge& c) {
  v.choice("backend", c.backend, {"builtin", "native"},
           "Implementation of the stage; native: Qwen2.5-VL for what passes the builtin judge, see docs/native.md.");
  v.number("min_instruction", c.min_instruction, 1, 10, "Least score for instruction fidelity.");
  v.number("min_source", c.min_source, 1, 10, "Least score for source fidelity (structure and motion).");
  v.number("min_quality", c.min_quality, 1, 10, "Least score for visual quality.");
  v.number("min_temporal", c.min_temporal, 1, 10, "Least score for temporal stability.");
  v.number("min_change", c.min_change, 0, 1, "Mean absolute change by the edit, of full range, that scores 5; where the region is unknown, five times that in the most changed two-hundredth of the picture will do.");
  v.number("max_key_difference", c.max_key_difference, 0, 10, "Difference of the video from the edited key frame, as a fraction of the edit's own change, that scores 5.");
  v.number("min_edit_kept", c.min_edit_kept, 0, 1, "Median over the frames of the edit's strength, as a fraction of the edited key frame's, that scores 5.");
  v.number("max_blank_fraction", c.max_blank_fraction, 0, 1, "Fraction of black or empty frames that scores 5.");
  v.number("max_frozen_fraction", c.max_frozen_fraction, 0, 1, "Fraction of frames standing still while the source moves that scores 5.");
  v.number("min_structure", c.min_structure, -1, 1, "Correlation of local edge directions with the source, in the worst tenth of the frames, that scores 5.");
  v.number("min_motion", c.min_motion, -1, 1, "The same correlation for what changes over the clip that scores 5.");
  v.number("max_time_shift_gain", c.max_time_shift_gain, 0, 1, "Gain in that correlation by a shift in time that scores 5.");
  v.number("max_misalignment", c.max_misalignment, 0, 1, "Displacement from the source, of the width, that scores 5.");
  v.number("max_leak", c.max_leak, 0, 1, "Fraction of the picture outside the region of a local edit that may change by more than 12 levels of 255; that much scores 5.");
  v.number("max_strength_change", c.max_strength_change, 0, 10, "Deviation of the edit's strength from its median over the clip, as a fraction of it, that scores 5.");
  v.number("max_flicker", c.max_flicker, 0, 255, "Flicker beyond the source's, in levels of 255, that scores 5.");
  v.number("max_popping", c.max_popping, 0, 1, "Share of the picture in which parts of the edit come or go at once, in the worst twentieth of the frames, that scores 5.");
  v.number("max_part_loss", c.max_part_loss, 0, 1, "Share of the edited area that loses or gets the edit from one frame to the next, in the second worst frame, that scores 5.");
  v.number("max_recolouring", c.max_recolouring, 0, 1, "Share of the picture in areas that change colour far beyond the source's change, in the worst tenth of the frames, that scores 5.");
  v.number("min_fine_contrast", c.min_fine_contrast, 0, 0.99, "Contrast between neighbouring pixels, over what the edited key frame's would make it, that scores 5.");
  v.number("max_boiling", c.max_boiling, 0, 255, "Change of pixels between frames along the motion beyond what the source's own explains, in levels of 255, that scores 5.");
  v.number("max_blur", c.max_blur, 0, 100, "Added blur, as the standard deviation of a Gaussian in pixels, that scores 5.");
  v.number("max_blocking", c.max_blocking, 0, 255, "Added steps on an 8-pixel grid, in levels of 255, that scores 5.");
  v.text("weights", c.weights,
         "native: the directory of a Qwen2.5-VL checkpoint, or its name in the Hugging Face cache (OWNER/NAME, OWNER/NAME@REVISION). "
         "Its content enters fingerprints, its name doesn't.", Effect::kNone);
  v.text("prompts", c.prompts,
         "native: a folder with the prompts, files as those in configs/prompts/judge; empty: these. Their content enters fingerprints.",
         Effect::kNone);
  v.integer("turns", c.turns, 1, 100, "native: answers to each question; a score is their mean.");
  v.number("temperature", c.temperature, 0, 5, "native: how freely answers are drawn; 0: all turns give the likeliest.");
  v.integer("frames", c.frames, 1, 384, "native: pairs of source and edited frame that the model sees, evenly spaced.");
  v.integer("max_pixels", c.max_pixels, 0, 100000000, "native: largest area of a frame that the model sees; 0: as the checkpoint's processor has it.");
  v.number("min_model_instruction", c.min_model_instruction, 1, 10, "native: least score by the model for carrying out the instruction.");
  v.number("min_model_content", c.min_model_content, 1, 10, "native: least score by the model for keeping the source's content.");
  v.number("min_model_motion", c.min_model_motion, 1, 10, "native: least score by the model for keeping the source's motion.");
  v.number("min_model_quality", c.min_model_quality, 1, 10, "native: least score by the model for visual quality.");
  v.number("min_safety", c.min_safety, 1, 10, "native: least score by the model for safety (pornography, violence, horror).");
  describe_asking(v, c);
  describe_computing(v, c);
}
// clang-format on

}  // namespace ditto::config
