#include "stages/instruct/candidates.h"

#include "stages/edit/drawn_objects.h"
#include "stages/edit/fill.h"
#include "stages/edit/lexicon.h"
#include "stages/edit/local_edits.h"
#include "stages/edit/looks.h"
#include "stages/edit/user_objects.h"

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
  Proposals(const Clip& clip, const Measurements& m, std::span<const OwnObject> own, Stream& stream)
      : clip_(clip),
        m_(m),
        own_(own),
        room_(editing::room_of(clip.key(), &clip)),
        stream_(stream) {}

  std::vector<Candidate> all(std::size_t additions) {
    for (const TrackedRegion& object : m_.objects) {
      // Brown is the colour of skin and wood as much as of things.
      if (object.persistent && object.region.colour != Colour::kBrown) propose_for_object(object);
    }
    if (m_.person) propose_for_person(*m_.person);
    if (m_.mover) propose_for_mover(*m_.mover);
    if (m_.sky) propose_for_sky();
    if (m_.greenery) propose_for_greenery();
    if (m_.background) propose_for_background();
    propose_additions(additions);
    return std::move(out_);
  }

 private:
  void propose(const Program& program, bool moving = false) {
    out_.push_back({program, senses_of(program), moving});
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
    const Program removal = on(target_of(object), "remove");
    if (mismatch < 0.10 || (moving && can_be_removed(removal))) propose(removal, moving);
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
    const Program program = on(target_of(person), "remove");
    if (!is_taken(person.region) && can_be_removed(program)) propose(program);
  }

  void propose_for_mover(const TrackedRegion& mover) {
    const Program program = on(target_of(mover), "remove");
    if (!is_taken(mover.region) && can_be_removed(program)) propose(program);
  }

  // Whether what the region shows can be removed under another name already.
  bool is_taken(const editing::Region& region) const {
    const auto covers = [&](const editing::Region& other) {
      const double both = cv::countNonZero(region.mask & other.mask);
      return both > 0.3 * std::min(cv::countNonZero(region.mask), cv::countNonZero(other.mask));
    };
    const bool object = std::any_of(m_.objects.begin(), m_.objects.end(), [&](const auto& o) {
      return o.persistent && covers(o.region);
    });
    return object || (region.kind != "person" && m_.person && covers(m_.person->region));
  }

  // What is made up shows, unless there is little of it: the clip must show most of what is behind.
  bool can_be_removed(const Program& program) const {
    constexpr double kSeen = 0.7;
    const EditResult result = editing::apply_local(clip_.key(), &clip_, program, 1);
    return result.refusal.empty() && result.details.value("seen_in_clip", 0.0) >= kSeen;
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
      // Nothing grows or lies on trees but their leaves.
      if (!m_.lawn && cover != "autumn leaves") continue;
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
    std::vector<Colour> colours = {Colour::kBlue,   Colour::kGreen, Colour::kYellow, Colour::kPink,
                                   Colour::kPurple, Colour::kCyan,  Colour::kOrange};
    // A colour that somebody may see there already is no change.
    constexpr double kAnother = 62;  // degrees of hue
    const cv::Scalar mean = cv::mean(clip_.key(), m_.background->region.mask);
    const cv::Vec3f own(static_cast<float>(mean[0] / 255), static_cast<float>(mean[1] / 255),
                        static_cast<float>(mean[2] / 255));
    std::erase_if(colours, [&](Colour colour) {
      return editing::hue_distance(own, editing::colour_value(colour)) < kAnother;
    });
    recolour(target, colours);
    if (m_.background->lightness > 0.45) propose(on(target, "darken"));
    if (m_.background->lightness < 0.40) propose(on(target, "brighten"));
  }

  // Whether the object has a place in such a scene.
  bool belongs(std::string_view object, const editing::Placement& placement) const {
    // A pale moon or rainbow is lost on a pale sky.
    if (placement.sky_only) return m_.sky && (object != "moon" || m_.sky->lightness < 0.75);
    // What flies high wants a sky behind it.
    if (is_one_of(object, {"hot_air_balloon", "birds", "kite"})) return m_.sky.has_value();
    // What stands on the ground wants calm ground beneath it.
    return placement.in_the_air || m_.green >= 0.05 || m_.luma >= 0.3;
  }

  // Places that suit the object; empty: where there is most room.
  std::vector<std::string> places_for(const editing::Placement& placement) const {
    if (placement.sky_only) return {"sky"};
    std::vector<std::string> places = {""};
    if (m_.sky && placement.in_the_air && !placement.hangs) places.emplace_back("sky");
    for (const std::string_view place : editing::places()) {
      const bool high = is_one_of(place, {"upper left", "top", "upper right"});
      const bool low = is_one_of(place, {"lower left", "bottom", "lower right"});
      if (place == "sky" || (placement.in_the_air ? low : high)) continue;
      if (!placement.hangs || high) places.emplace_back(place);
    }
    return places;
  }

  // A place at which the object hides nobody: the drawn one, else where there is most room, else
  // any that suits. Without a box: there is none.
  editing::Spot settle(Program& program, const editing::Placement& placement, double calm) {
    editing::Spot best;
    std::string best_place;
    const auto attempt = [&](const std::string& place) {
      program.place = place;
      const editing::Spot spot = editing::find_spot(room_, program, placement);
      const bool hides =
          std::any_of(m_.keep_clear.begin(), m_.keep_clear.end(),
                      [&](const cv::Rect& box) { return !(box & spot.box).empty(); });
      if (!spot.refusal.empty() || hides) return;
      if (!best.box.empty() && best.clutter <= spot.clutter) return;
      best = spot;
      best_place = place;
    };
    std::vector<std::string> places = {program.place, ""};
    if (!m_.keep_clear.empty()) {
      for (const std::string& place : places_for(placement)) places.push_back(place);
    }
    for (const std::string& place : places) {
      if (best.box.empty() || best.clutter > calm) attempt(place);
    }
    program.place = best_place;
    return best;
  }

  template <class T>
  T take(std::vector<T>& values) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(stream_.index(values.size()));
    T value = std::move(*at);
    values.erase(at);
    return value;
  }

  // The words for it mean the user's own thing.
  bool is_called_like_an_own(std::string_view drawn) const {
    const auto& namings = editing::object_namings();
    const auto naming = std::find_if(namings.begin(), namings.end(),
                                     [&](const auto& it) { return it.name == drawn; });
    return std::any_of(own_.begin(), own_.end(), [&](const OwnObject& own) {
      return std::any_of(naming->words.begin(), naming->words.end(), [&](std::string_view word) {
        return editing::normalised(word) == own.name;
      });
    });
  }

  // One of each object, in random order, until there are enough; first where the picture is calm,
  // then where it is as calm as can be had.
  void propose_additions(std::size_t wanted) {
    constexpr double kCalm = 0.022;
    std::vector<std::string_view> drawn(editing::drawn_objects().begin(),
                                        editing::drawn_objects().end());
    std::erase_if(drawn, [&](std::string_view name) { return is_called_like_an_own(name); });
    std::vector<OwnObject> own(own_.begin(), own_.end());
    std::vector<std::pair<double, Program>> cluttered;
    std::size_t found = 0;
    while (drawn.size() + own.size() > 0 && found < wanted) {
      Program program;
      program.name = "add";
      editing::Placement placement;
      if (!own.empty() && (drawn.empty() || stream_.uniform() < 0.5)) {
        const OwnObject object = take(own);
        program.object = object.name;
        placement = editing::placement_of_own(object.aspect, "");
      } else {
        program.object = take(drawn);
        placement = editing::placement_of(program.object);
      }
      if (!belongs(program.object, placement)) continue;
      program.place = pick(places_for(placement), stream_);
      if (placement.has_colour && stream_.uniform() < 0.75) {
        program.colour = editing::name_of(kPaints[stream_.index(8)]);
      }
      const editing::Spot spot = settle(program, placement, kCalm);
      if (spot.box.empty()) continue;
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
  std::span<const OwnObject> own_;
  editing::Room room_;
  Stream& stream_;
  std::vector<Candidate> out_;
};

}  // namespace

std::vector<std::string> senses_of(const Program& program) {
  if (const editing::Look* look = editing::find_look(program.name)) {
    std::vector<std::string> out = {std::string(look->family)};
    if (program.name == "cyberpunk") out.emplace_back("neon");
    return out;
  }
  if (program.name == "add")
    return {"add " + (program.object == "party_balloons" ? "balloon" : program.object)};
  // Grass is greenery.
  const bool green = program.target.kind == "grass" || program.target.kind == "greenery";
  const std::string target =
      green ? "greenery" : fmt::format("{} {}", program.target.kind, program.target.colour);
  std::vector<std::string> out = {fmt::format("{} {}", program.name, target)};
  if (program.name == "isolate") out.emplace_back("monochrome");
  // What a part is turned into may be what a look does to all.
  using Part = std::pair<std::string_view, std::string_view>;
  static constexpr Part kSkies[] = {{"sunset", "sunset"}, {"stars", "night"},
                                    {"aurora", "night"},  {"clouds", "clouds"},
                                    {"storm", "clouds"},  {"orange", "sunset"}};
  static constexpr Part kPlants[] = {
      {"snow", "snow"},    {"autumn leaves", "autumn"}, {"sand", "desert"},
      {"wheat", "autumn"}, {"lavender", "blossom"},     {"orange", "autumn"},
      {"red", "autumn"},   {"pink", "blossom"},         {"purple", "planet"}};
  const std::string& into = program.name == "replace" ? program.object : program.colour;
  const auto add_from = [&](std::span<const Part> parts) {
    for (const auto& [part, sense] : parts) {
      if (part == into) out.emplace_back(sense);
    }
  };
  if (program.target.kind == "sky") add_from(kSkies);
  if (green) add_from(kPlants);
  return out;
}

std::vector<Candidate> global_candidates(const Measurements& m, Stream& stream) {
  std::vector<Candidate> out;
  for (const editing::Look& look : editing::looks()) {
    if (look.anchored || look.correction || !suits(look.name, m)) continue;
    Candidate candidate;
    candidate.program.name = look.name;
    // The first eight paints are the chromatic ones.
    if (look.has_colour) candidate.program.colour = editing::name_of(kPaints[stream.index(8)]);
    candidate.senses = senses_of(candidate.program);
    out.push_back(std::move(candidate));
  }
  return out;
}

std::vector<Candidate> local_candidates(const Clip& clip, const Measurements& m, int additions,
                                        std::span<const OwnObject> own, Stream& stream) {
  return Proposals(clip, m, own, stream).all(static_cast<std::size_t>(additions));
}

}  // namespace ditto::stages::instructing
