#include <gtest/gtest.h>

#include "stages/instruct/quality_control.h"
#include "stages/instruct/rounds.h"

namespace ditto::stages::instructing {
namespace {

constexpr const char* kCaption =
    "A black dog runs along a sandy beach beside a woman in a red coat. Two white boats lie on the "
    "calm sea. It is a sunny afternoon, and there are no people in the water.";

Instruction proposal(Task task, const std::string& target, const std::string& text) {
  Instruction instruction;
  instruction.task = task;
  instruction.target = target;
  instruction.text = text;
  return instruction;
}

std::string fault(Task task, const std::string& target, const std::string& text,
                  const std::vector<Instruction>& taken = {}) {
  const auto found = fault_of(proposal(task, target, text), kCaption, taken);
  if (found) {
    EXPECT_FALSE(found->detail.empty());
  }
  return found ? found->name : "";
}

std::string global(const std::string& text) {
  return fault(Task::kGlobalStyle, "the whole picture", text);
}

TEST(InstructQualityTest, GoodInstructionsPass) {
  EXPECT_EQ(global("Make it in the style of Japanese anime."), "");
  EXPECT_EQ(global("Turn everything into LEGO bricks"), "");
  EXPECT_EQ(fault(Task::kGlobalEnvironment, "the whole picture", "Make it a snowy winter night."),
            "");
  EXPECT_EQ(fault(Task::kLocalReplace, "the black dog",
                  "Replace the black dog with a white fox sitting calmly beside them"),
            "");
  EXPECT_EQ(fault(Task::kLocalReplace, "the boats", "Turn the boats into two giant swans."), "");
  EXPECT_EQ(fault(Task::kLocalAdd, "a glowing streetlamp",
                  "Add a glowing vintage streetlamp near the woman."),
            "");
  EXPECT_EQ(
      fault(Task::kLocalRemove, "the person in the red coat", "Erase the person in the red coat."),
      "");
  EXPECT_EQ(
      fault(Task::kLocalAttribute, "the red coat", "Change the red coat to deep-blue velvet."), "");
  EXPECT_EQ(fault(Task::kLocalAttribute, "the woman’s coat", "Dye the woman’s coat café-crème."),
            "");
}

TEST(InstructQualityTest, WhatIsNoEnglishRequest) {
  EXPECT_EQ(global("把它变成动漫风格"), "language");
  EXPECT_EQ(global("Сделай это зимой пожалуйста"), "language");
  EXPECT_EQ(global("Make it\nsnowy"), "language");
  EXPECT_EQ(global("Faites ressembler la plage à un dessin"), "not_an_edit");
  EXPECT_EQ(global("A beach in winter"), "not_an_edit");
  EXPECT_EQ(global("Make anime"), "length");
  std::string longer = "Make it";
  for (int i = 0; i < 40; ++i) longer += " very";
  EXPECT_EQ(global(longer + " bright"), "length");
  EXPECT_EQ(global(""), "length");
}

TEST(InstructQualityTest, TheTextFitsItsTask) {
  EXPECT_EQ(fault(Task::kLocalRemove, "the dog", "Make the dog bigger and blue."), "wrong_task");
  EXPECT_EQ(fault(Task::kLocalAdd, "the dog", "Remove the dog from the beach."), "wrong_task");
  EXPECT_EQ(fault(Task::kLocalReplace, "the dog", "Remove the dog from the beach."), "wrong_task");
  EXPECT_EQ(fault(Task::kLocalAttribute, "the dog", "Replace the dog with a cat."), "wrong_task");
  EXPECT_EQ(fault(Task::kLocalReplace, "the whole picture", "Turn it into a painting."),
            "wrong_task");
}

TEST(InstructQualityTest, TheTargetIsInCaptionAndText) {
  EXPECT_EQ(fault(Task::kLocalReplace, "the horse", "Replace the horse with a zebra."),
            "target_missing");
  EXPECT_EQ(fault(Task::kLocalRemove, "the dog", "Remove the animal from the beach."),
            "target_missing");
  EXPECT_EQ(fault(Task::kLocalAdd, "a paper kite", "Add a balloon in the sky."), "target_missing");
}

TEST(InstructQualityTest, WhatIsSoAlreadyIsNoChange) {
  EXPECT_EQ(global("Make the scene look like a video"), "no_op");
  EXPECT_EQ(global("Keep everything as it is"), "no_op");
  EXPECT_EQ(global("Don't change the picture"), "no_op");
  EXPECT_EQ(fault(Task::kGlobalEnvironment, "the whole picture", "Make it a sunny afternoon."),
            "no_op");
  EXPECT_EQ(fault(Task::kLocalReplace, "the black dog", "Replace the black dog with a black dog."),
            "no_op");
  EXPECT_EQ(fault(Task::kLocalAdd, "a black dog", "Add a black dog to the beach."), "no_op");
  EXPECT_EQ(fault(Task::kLocalAttribute, "the coat", "Make the coat red."), "no_op");
}

TEST(InstructQualityTest, WhatTheCaptionDenies) {
  EXPECT_EQ(fault(Task::kLocalReplace, "the brown dog", "Replace the brown dog with a fox."),
            "contradiction");
  EXPECT_EQ(fault(Task::kLocalRemove, "the blue boats", "Remove the blue boats from the sea."),
            "contradiction");
  EXPECT_EQ(fault(Task::kLocalRemove, "the people", "Remove the people from the water."),
            "contradiction");
}

TEST(InstructQualityTest, WhatTheTextSaysOfItsTarget) {
  EXPECT_EQ(fault(Task::kLocalReplace, "the dog", "Replace the brown dog with a white fox."),
            "contradiction");
  EXPECT_EQ(fault(Task::kLocalReplace, "the dog", "Replace the black dog with a brown dog."), "");
  EXPECT_EQ(fault(Task::kLocalRemove, "the boats", "Remove the three boats from the sea."),
            "contradiction");
  EXPECT_EQ(fault(Task::kLocalRemove, "the boats", "Remove the two boats from the sea."), "");
  EXPECT_EQ(fault(Task::kLocalAttribute, "the dog", "Make the dog brown with white paws."), "");
}

TEST(InstructQualityTest, WhatASceneCannotBe) {
  const auto environment = [](const std::string& text) {
    return fault(Task::kGlobalEnvironment, "the whole picture", text);
  };
  EXPECT_EQ(environment("Turn the night into a bright morning."), "contradiction");
  EXPECT_EQ(environment("Turn the afternoon into a clear night lit by paper lanterns."), "");
  EXPECT_EQ(environment("Turn the beach into a winter landscape."), "");
  EXPECT_EQ(environment("Make it night with a full moon."), "");
  EXPECT_EQ(environment("Replace the night sky with a sunset."), "contradiction");
}

TEST(InstructQualityTest, TheSameIsAskedForOnce) {
  const Instruction anime = proposal(Task::kGlobalStyle, "", "Make it in the style of an anime.");
  EXPECT_EQ(fault(Task::kGlobalStyle, "", "Turn the whole video into anime style", {anime}),
            "repeated");
  EXPECT_EQ(fault(Task::kGlobalStyle, "", "Make it a charcoal drawing", {anime}), "");
  const Instruction gone = proposal(Task::kLocalRemove, "the dog", "Remove the dog.");
  EXPECT_EQ(fault(Task::kLocalRemove, "the dog", "Erase the dog that runs past.", {gone}),
            "repeated");
  const Instruction fox =
      proposal(Task::kLocalReplace, "the dog", "Replace the dog with a white fox.");
  EXPECT_EQ(fault(Task::kLocalReplace, "the dog", "Replace the dog with a robot.", {fox}), "");
}

config::Instruct styles_and_removals() {
  config::Instruct config;
  config.global_fraction = 0.5;
  config.style_fraction = 1;
  config.replace_weight = config.add_weight = config.attribute_weight = 0;
  config.attempts = 2;
  return config;
}

TEST(InstructRoundsTest, DropsAreRecordedAndAskedForAgain) {
  const InstructRequest request{.count = 2};
  Due due;
  due.owed[static_cast<std::size_t>(Task::kGlobalStyle)] = 1;
  due.owed[static_cast<std::size_t>(Task::kLocalRemove)] = 1;
  std::vector<std::size_t> asked, known;
  const Instructions made = collect(
      kCaption, request, due, styles_and_removals(),
      [&](const std::vector<Task>& tasks, const std::vector<Instruction>& taken) {
        asked.push_back(tasks.size());
        known.push_back(taken.size());
        std::vector<Instruction> out;
        for (const Task task : tasks) {
          out.push_back(task == Task::kGlobalStyle
                            ? proposal(task, "", "Make it a charcoal drawing")
                            : proposal(task, asked.size() == 1 ? "the horse" : "the dog",
                                       asked.size() == 1 ? "Remove the horse." : "Erase the dog."));
        }
        return out;
      });
  EXPECT_EQ(asked, (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(known, (std::vector<std::size_t>{0, 1}));
  ASSERT_EQ(made.list.size(), 2U);
  EXPECT_EQ(made.list[0].text, "Make it a charcoal drawing");
  EXPECT_EQ(made.list[1].text, "Erase the dog.");
  ASSERT_EQ(made.drops.size(), 1U);
  EXPECT_EQ(made.drops[0].fault, "target_missing");
  EXPECT_EQ(to_json(made.drops[0]).at("text"), "Remove the horse.");
  EXPECT_EQ(made.caption, kCaption);
  EXPECT_EQ(made.owed, TaskCounts{});
}

TEST(InstructRoundsTest, ATaskWithoutUsableInstructionsGoesToAnotherAndIsOwedOn) {
  const InstructRequest request{.count = 2};
  Due due;
  due.owed[static_cast<std::size_t>(Task::kLocalRemove)] = 2;
  int styles = 0;
  const Instructions made =
      collect(kCaption, request, due, styles_and_removals(),
              [&](const std::vector<Task>& tasks, const std::vector<Instruction>&) {
                std::vector<Instruction> out;
                for (const Task task : tasks) {
                  out.push_back(task == Task::kLocalRemove
                                    ? proposal(task, "the horse", "Remove the horse.")
                                    : proposal(task, "",
                                               styles++ == 0 ? "Make it a mosaic"
                                                             : "Turn it into an etching"));
                }
                return out;
              });
  ASSERT_EQ(made.list.size(), 2U);
  EXPECT_EQ(made.list[0].task, Task::kGlobalStyle);
  EXPECT_EQ(made.drops.size(), 4U);  // two rounds of two
  EXPECT_EQ(made.owed[static_cast<std::size_t>(Task::kLocalRemove)], 2);
  EXPECT_EQ(made.owed[static_cast<std::size_t>(Task::kGlobalStyle)], -2);
}

TEST(InstructRoundsTest, EndsWhereNothingIsUsable) {
  int rounds = 0;
  const Instructions made =
      collect(kCaption, {.count = 3}, {}, styles_and_removals(),
              [&](const std::vector<Task>& tasks, const std::vector<Instruction>&) {
                ++rounds;
                std::vector<Instruction> out;
                for (const Task task : tasks) out.push_back(proposal(task, "x", "xyzzy"));
                return out;
              });
  EXPECT_TRUE(made.list.empty());
  EXPECT_LE(rounds, 4);  // two tasks, two attempts each
  EXPECT_GE(made.drops.size(), 6U);
}

}  // namespace
}  // namespace ditto::stages::instructing
