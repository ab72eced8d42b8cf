#include "stages/instruct/candidates.h"

#include "stages/edit/drawn_objects.h"
#include "stages/edit/fill.h"
#include "stages/edit/local_edits.h"
#include "stages/edit/looks.h"

namespace ditto::stages::instructing {
namespace {

using editing::Colour;
using editing::Program;
using editing::Target;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether the clip gives this look something to change and doesn't contradict it.
bool suits(std::string_view look, const Measurements& m) {
  if (m.luma < 0.24 &&
      is_one_of(look, {"night", "moonlight", "film_noir", "candlelight", "charcoal", "stormy",
                       "neon_lights", "cyberpunk", "sunset", "ink_drawing", "linocut", "bronze",
                       "rain", "poster", "golden_hour", "chalkboard"})) {
    return false;
  }
  if (m.luma > 0.80 && is_one_of(look, {"pastel", "dreamy", "fog", "dawn"})) return false;
  if (m.saturation < 0.06 &&
      is_one_of(look, {"black_and_white", "film_noir", "vivid", "pastel", "sepia", "overcast",
                       "vintage_film", "coloured_pencil", "alien_planet"})) {
    return false;
  }
  if (m.white > 0.45 && is_one_of(look, {"snow", "frost", "fog", "overcast"})) return false;
  if (m.green < 0.12 &&
      is_one_of(look, {"autumn", "cherry_blossom", "drought", "spring", "snow", "alien_planet"}))
    return false;
  if (m.warmth > 0.16 && is_one_of(look, {"sepia", "golden_hour", "candlelight", "autumn",
                                          "drought", "sandstorm", "mars", "sunset", "bronze"})) {
    return false;
  }
  if (m.warmth < -0.16 &&
      is_one_of(look, {"underwater", "moonlight", "night", "frost", "blueprint", "x_ray"}))
    return false;
  if (m.contrast < 0.09 &&
      is_one_of(look, {"fog", "overcast", "dawn", "stone_relief", "blueprint", "pencil_sketch",
                       "neon", "chalkboard", "ink_drawing", "linocut", "sandstorm"})) {
    return false;
  }
  // Weather and seasons happen out of doors.
  return m.outdoors() ||
         !is_one_of(look, {"fog", "snow", "frost", "rain", "autumn", "cherry_blossom", "drought",
                           "spring", "overcast", "stormy", "sandstorm", "dawn", "mars",
                           "alien_planet", "golden_hour", "sunset", "moonlight"});
}

constexpr Colour kPaints[] = {Colour::kRed,   Colour::kOrange, Colour::kYellow, Colour::kGreen,
                              Colour::kCyan,  Colour::kBlue,   Colour::kPurple, Colour::kPink,
                              Colour::kWhite, Colour::kBlack};

// Colours that are plainly another than `own`.
std::vector<Colour> other_colours(Colour own) {
  static constexpr Colour kNear[][2] = {
      {Colour::kRed, Colour::kOrange},    {Colour::kRed, Colour::kPink},
      {Colour::kOrange, Colour::kYellow}, {Colour::kOrange, Colour::kBrown},
      {Colour::kBlue, Colour::kCyan},     {Colour::kBlue, Colour::kPurple},
      {Colour::kPurple, Colour::kPink},   {Colour::kGreen, Colour::kCyan},
      {Colour::kWhite, Colour::kGrey},    {Colour::kBlack, Colour::kGrey}};
  std::vector<Colour> out;
  for (const Colour colour : kPaints) {
    const bool near = std::any_of(std::begin(kNear), std::end(kNear), [&](const Colour(&pair)[2]) {
      return (pair[0] == own && pair[1] == colour) || (pair[1] == own && pair[0] == colour);
    });
    if (colour != own && !near) out.push_back(colour);
  }
  return out;
}

template <class T>
const T& pick(const std::vector<T>& values, Stream& stream) {
  return values[stream.index(values.size())];
}

Program on(const Target& target, std::string name) {
  Program program;
  program.name = std::move(name);
  program.target = target;
  return program;
}

class Proposals {
 public:
  Proposals(const Clip& clip, const Measurements& m, Stream& stream)
      : clip_(clip), m_(m), stream_(stream) {}

  std::vector<Candidate> all() {
    for (const TrackedRegion& object : m_.objects) {
      // Brown is the colour of skin and wood as much as of things.
      if (object.persistent && object.region.colour != Colour::kBrown) propose_for_object(object);
    }
    for (const TrackedRegion& person : m_.people) propose_for_person(person);
    if (m_.sky) propose_for_sky();
    if (m_.greenery) propose_for_greenery();
    if (m_.background) propose_for_background();
    propose_additions();
    return std::move(out_);
  }

 private:
  void propose(const Program& program) {
    const std::string family =
        program.name == "add"
            ? "add " + program.object
            : fmt::format("{} {} {}", program.name, program.target.kind, program.target.colour);
    out_.push_back({program, family});
  }

  // Half of the time with the place, where it is told.
  Target target_of(const editing::Region& region) {
    Target target{region.kind, std::string(editing::name_of(region.colour)), ""};
    if (!region.sides.empty() && stream_.uniform() < 0.5) target.side = pick(region.sides, stream_);
    return target;
  }

  void recolour(const Target& target, const std::vector<Colour>& colours) {
    Program program = on(target, "recolour");
    program.colour = editing::name_of(pick(colours, stream_));
    propose(program);
  }

  void propose_for_object(const TrackedRegion& object) {
    const editing::Region& region = object.region;
    recolour(target_of(region), other_colours(region.colour));
    Program material = on(target_of(region), "material");
    std::vector<std::string_view> kinds(editing::materials().begin(), editing::materials().end());
    if (region.colour == Colour::kWhite) std::erase(kinds, "marble");
    if (region.colour == Colour::kYellow || region.colour == Colour::kOrange)
      std::erase(kinds, "gold");
    material.object = pick(kinds, stream_);
    propose(material);
    if (object.lightness < 0.55) propose(on(target_of(region), "brighten"));
    if (object.lightness > 0.40) propose(on(target_of(region), "darken"));
    if (editing::is_chromatic(region.colour) && m_.saturation > 0.10)
      propose(on(target_of(region), "isolate"));
    if (region.area > 0.09) return;
    const double mismatch = editing::fill_hole(clip_.key(), region.mask).mismatch;
    if (mismatch < 0.10) propose(on(target_of(region), "remove"));
    if (mismatch < 0.16) {
      Program replacement = on(target_of(region), "replace");
      const std::vector<std::string_view> solids(editing::solid_objects().begin(),
                                                 editing::solid_objects().end());
      replacement.object = pick(solids, stream_);
      if (editing::placement_of(replacement.object).has_colour) {
        replacement.colour = editing::name_of(pick(other_colours(region.colour), stream_));
      }
      propose(replacement);
    }
  }

  void propose_for_person(const TrackedRegion& person) {
    Target target{"person", "", ""};
    if (!person.region.unique) {
      // With several people only one that its side singles out.
      for (const std::string& side : person.region.sides) {
        const auto same =
            std::count_if(m_.people.begin(), m_.people.end(),
                          [&](const TrackedRegion& p) { return p.region.is_at(side); });
        if (same == 1) target.side = side;
      }
      if (target.side.empty()) return;
    }
    if (person.region.area < 0.06 &&
        editing::fill_hole(clip_.key(), person.region.mask).mismatch < 0.12) {
      propose(on(target, "remove"));
    }
  }

  void propose_for_sky() {
    for (const std::string_view backdrop : editing::backdrops()) {
      if (backdrop == "blue sky" || (m_.luma < 0.25 && backdrop == "stars")) continue;
      Program program = on({"sky", "", ""}, "replace");
      program.object = backdrop;
      propose(program);
    }
    recolour({"sky", "", ""}, {Colour::kOrange, Colour::kPink, Colour::kPurple, Colour::kGreen});
  }

  void propose_for_greenery() {
    const Target target{"greenery", "", ""};
    for (const std::string_view cover : editing::grounds()) {
      Program program = on(target, "replace");
      program.object = cover;
      propose(program);
    }
    recolour(target,
             {Colour::kPurple, Colour::kBlue, Colour::kPink, Colour::kOrange, Colour::kRed});
    propose(on(target, "isolate"));
  }

  void propose_for_background() {
    const Target target{"background", "", ""};
    recolour(target, {Colour::kBlue, Colour::kGreen, Colour::kYellow, Colour::kPink,
                      Colour::kPurple, Colour::kCyan, Colour::kOrange});
    if (m_.background->lightness > 0.45) propose(on(target, "darken"));
    if (m_.background->lightness < 0.40) propose(on(target, "brighten"));
  }

  void propose_additions() {
    std::vector<std::string_view> objects(editing::drawn_objects().begin(),
                                          editing::drawn_objects().end());
    std::vector<std::string_view> places(editing::places().begin(), editing::places().end());
    constexpr int kTries = 8;
    constexpr std::size_t kEnough = 3;
    std::size_t found = 0;
    for (int i = 0; i < kTries && found < kEnough; ++i) {
      Program program;
      program.name = "add";
      program.object = pick(objects, stream_);
      const editing::Placement placement = editing::placement_of(program.object);
      // A pale moon or rainbow is lost on a pale sky; the others want calm ground beneath them.
      if (placement.sky_only && (!m_.sky || (program.object == "moon" && m_.sky->lightness > 0.75)))
        continue;
      if (!placement.in_the_air && m_.green < 0.05 && m_.luma < 0.3) continue;
      program.place = pick(places, stream_);
      if (placement.sky_only) program.place = "sky";
      if (program.place == "sky" && (!m_.sky || !placement.in_the_air || placement.hangs)) continue;
      const bool high = is_one_of(program.place, {"upper left", "top", "upper right"});
      const bool low = is_one_of(program.place, {"lower left", "bottom", "lower right"});
      if (placement.in_the_air ? low : high) continue;
      if (placement.hangs && !high) continue;
      if (placement.has_colour && stream_.uniform() < 0.75) {
        program.colour = editing::name_of(kPaints[stream_.index(8)]);
      }
      const editing::Spot spot = editing::find_spot(clip_.key(), program);
      if (!spot.refusal.empty() || spot.clutter > 0.022) continue;
      propose(program);
      ++found;
    }
  }

  const Clip& clip_;
  const Measurements& m_;
  Stream& stream_;
  std::vector<Candidate> out_;
};

}  // namespace

std::vector<Candidate> global_candidates(const Measurements& m, Stream& stream) {
  std::vector<Candidate> out;
  for (const editing::Look& look : editing::looks()) {
    if (look.anchored || !suits(look.name, m)) continue;
    Candidate candidate;
    candidate.program.name = look.name;
    candidate.family = look.family;
    // The first eight paints are the chromatic ones.
    if (look.has_colour) candidate.program.colour = editing::name_of(kPaints[stream.index(8)]);
    out.push_back(std::move(candidate));
  }
  return out;
}

std::vector<Candidate> local_candidates(const Clip& clip, const Measurements& m, Stream& stream) {
  return Proposals(clip, m, stream).all();
}

std::vector<Candidate> shuffled(std::vector<Candidate> candidates, const config::Instruct& config,
                                Stream& stream) {
  std::map<Task, std::vector<Candidate>> by_task;
  for (Candidate& candidate : candidates)
    by_task[task_of(candidate.program)].push_back(std::move(candidate));
  const auto weight_of = [&](Task task) {
    switch (task) {
      case Task::kGlobalStyle:
        return config.style_fraction;
      case Task::kGlobalEnvironment:
        return 1 - config.style_fraction;
      case Task::kLocalReplace:
        return config.replace_weight;
      case Task::kLocalAdd:
        return config.add_weight;
      case Task::kLocalRemove:
        return config.remove_weight;
      case Task::kLocalAttribute:
        return config.attribute_weight;
    }
    return 0.0;
  };
  std::vector<Candidate> out;
  std::set<std::string> families;
  while (true) {
    double total = 0;
    for (const auto& [task, list] : by_task) total += list.empty() ? 0 : weight_of(task);
    if (total <= 0) break;
    double at = stream.uniform() * total;
    std::vector<Candidate>* chosen = nullptr;
    for (auto& [task, list] : by_task) {
      if (list.empty() || weight_of(task) <= 0) continue;
      chosen = &list;
      at -= weight_of(task);
      if (at < 0) break;
    }
    const std::size_t i = stream.index(chosen->size());
    Candidate candidate = std::move((*chosen)[i]);
    chosen->erase(chosen->begin() + static_cast<std::ptrdiff_t>(i));
    if (families.insert(candidate.family).second) out.push_back(std::move(candidate));
  }
  return out;
}

}  // namespace ditto::stages::instructing
