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

  std::vector<Candidate> all(std::size_t additions) {
    for (const TrackedRegion& object : m_.objects) {
      // Brown is the colour of skin and wood as much as of things.
      if (object.persistent && object.region.colour != Colour::kBrown) propose_for_object(object);
    }
    for (const TrackedRegion& person : m_.people) propose_for_person(person);
    if (m_.sky) propose_for_sky();
    if (m_.greenery) propose_for_greenery();
    if (m_.background) propose_for_background();
    propose_additions(additions);
    return std::move(out_);
  }

 private:
  void propose(const Program& program, bool moving = false) {
    out_.push_back({program, family_of(program), moving});
  }

  // Half of the time with the place, where it is told.
  Target target_of(const TrackedRegion& tracked) {
    const editing::Region& region = tracked.region;
    Target target{region.kind, std::string(editing::name_of(region.colour)), ""};
    if (!tracked.sides.empty() && stream_.uniform() < 0.5)
      target.side = pick(tracked.sides, stream_);
    return target;
  }

  void recolour(const Target& target, const std::vector<Colour>& colours, bool moving = false) {
    Program program = on(target, "recolour");
    program.colour = editing::name_of(pick(colours, stream_));
    propose(program, moving);
  }

  void propose_for_object(const TrackedRegion& object) {
    const editing::Region& region = object.region;
    const bool moving = object.moves();
    recolour(target_of(object), other_colours(region.colour), moving);
    Program material = on(target_of(object), "material");
    std::vector<std::string_view> kinds(editing::materials().begin(), editing::materials().end());
    if (region.colour == Colour::kWhite) std::erase(kinds, "marble");
    if (region.colour == Colour::kYellow || region.colour == Colour::kOrange)
      std::erase(kinds, "gold");
    material.object = pick(kinds, stream_);
    propose(material, moving);
    if (object.lightness < 0.55) propose(on(target_of(object), "brighten"), moving);
    if (object.lightness > 0.40) propose(on(target_of(object), "darken"), moving);
    if (editing::is_chromatic(region.colour) && m_.saturation > 0.10)
      propose(on(target_of(object), "isolate"), moving);
    if (region.area > 0.09) return;
    const double mismatch = editing::fill_hole(clip_.key(), region.mask).mismatch;
    if (mismatch < 0.10) propose(on(target_of(object), "remove"), moving);
    if (mismatch < 0.16) {
      Program replacement = on(target_of(object), "replace");
      const std::vector<std::string_view> solids(editing::solid_objects().begin(),
                                                 editing::solid_objects().end());
      replacement.object = pick(solids, stream_);
      if (editing::placement_of(replacement.object).has_colour) {
        replacement.colour = editing::name_of(pick(other_colours(region.colour), stream_));
      }
      propose(replacement, moving);
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

  // Whether the object has a place in such a scene.
  bool belongs(std::string_view object, const editing::Placement& placement) const {
    // A pale moon or rainbow is lost on a pale sky.
    if (placement.sky_only) return m_.sky && (object != "moon" || m_.sky->lightness < 0.75);
    if (is_one_of(object, {"hot_air_balloon", "birds", "kite"})) return m_.outdoors();
    // What stands on the ground wants calm ground beneath it.
    return placement.in_the_air || m_.green >= 0.05 || m_.luma >= 0.3;
  }

  // A place that suits the object; empty: where there is most room.
  std::string place_for(const editing::Placement& placement) {
    std::vector<std::string_view> places = {""};
    if (m_.sky && placement.in_the_air && !placement.hangs) places.emplace_back("sky");
    if (placement.sky_only) return "sky";
    for (const std::string_view place : editing::places()) {
      const bool high = is_one_of(place, {"upper left", "top", "upper right"});
      const bool low = is_one_of(place, {"lower left", "bottom", "lower right"});
      if (place == "sky" || (placement.in_the_air ? low : high)) continue;
      if (!placement.hangs || high) places.push_back(place);
    }
    return std::string(pick(places, stream_));
  }

  // One of each object, in random order, until there are enough; first where the picture is calm,
  // then where it is as calm as can be had.
  void propose_additions(std::size_t wanted) {
    constexpr double kCalm = 0.022;
    std::vector<std::string_view> objects(editing::drawn_objects().begin(),
                                          editing::drawn_objects().end());
    std::vector<std::pair<double, Program>> cluttered;
    std::size_t found = 0;
    while (!objects.empty() && found < wanted) {
      const std::size_t i = stream_.index(objects.size());
      Program program;
      program.name = "add";
      program.object = objects[i];
      objects.erase(objects.begin() + static_cast<std::ptrdiff_t>(i));
      const editing::Placement placement = editing::placement_of(program.object);
      if (!belongs(program.object, placement)) continue;
      program.place = place_for(placement);
      if (placement.has_colour && stream_.uniform() < 0.75) {
        program.colour = editing::name_of(kPaints[stream_.index(8)]);
      }
      editing::Spot spot = editing::find_spot(clip_.key(), program);
      if ((!spot.refusal.empty() || spot.clutter > kCalm) && !placement.sky_only) {
        program.place.clear();
        spot = editing::find_spot(clip_.key(), program);
      }
      if (!spot.refusal.empty()) continue;
      if (spot.clutter > kCalm) {
        cluttered.emplace_back(spot.clutter, program);
        continue;
      }
      propose(program);
      ++found;
    }
    std::stable_sort(cluttered.begin(), cluttered.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < cluttered.size() && found < wanted; ++i, ++found)
      propose(cluttered[i].second);
  }

  const Clip& clip_;
  const Measurements& m_;
  Stream& stream_;
  std::vector<Candidate> out_;
};

}  // namespace

std::string family_of(const Program& program) {
  if (const editing::Look* look = editing::find_look(program.name))
    return std::string(look->family);
  if (program.name == "add") return "add " + program.object;
  return fmt::format("{} {} {}", program.name, program.target.kind, program.target.colour);
}

std::vector<Candidate> global_candidates(const Measurements& m, Stream& stream) {
  std::vector<Candidate> out;
  for (const editing::Look& look : editing::looks()) {
    if (look.anchored || !suits(look.name, m)) continue;
    Candidate candidate;
    candidate.program.name = look.name;
    // The first eight paints are the chromatic ones.
    if (look.has_colour) candidate.program.colour = editing::name_of(kPaints[stream.index(8)]);
    candidate.family = family_of(candidate.program);
    out.push_back(std::move(candidate));
  }
  return out;
}

std::vector<Candidate> local_candidates(const Clip& clip, const Measurements& m, int additions,
                                        Stream& stream) {
  return Proposals(clip, m, stream).all(static_cast<std::size_t>(additions));
}

}  // namespace ditto::stages::instructing
