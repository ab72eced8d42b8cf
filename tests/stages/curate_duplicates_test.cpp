#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/stages/curate.h"
#include "stages/curate/duplicates.h"
#include "stages/curate_scene.h"

namespace ditto::stages {
namespace {

using curate::Embedding;
using curate::testing::pan;

const cv::Size kSize(192, 112);

Embedding embedding_of(const std::vector<cv::Mat>& frames) {
  std::vector<curate::Descriptor> descriptors;
  for (const cv::Mat& frame : frames) descriptors.push_back(curate::describe_picture(frame));
  std::vector<const curate::Descriptor*> pictures;
  for (const curate::Descriptor& descriptor : descriptors) pictures.push_back(&descriptor);
  return curate::embed(pictures);
}

double similarity(const Embedding& a, const Embedding& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

template <class Change>
std::vector<cv::Mat> changed(const std::vector<cv::Mat>& frames, Change&& change) {
  std::vector<cv::Mat> result;
  for (const cv::Mat& frame : frames) {
    cv::Mat other;
    change(frame, other);
    result.push_back(other);
  }
  return result;
}

Embedding random_embedding(int seed) {
  Stream random(static_cast<std::uint64_t>(seed), "clip", "embedding");
  Embedding embedding;
  double squares = 0;
  for (float& value : embedding) {
    value = static_cast<float>(random.uniform(-1, 1));
    squares += static_cast<double>(value) * value;
  }
  for (float& value : embedding) value /= static_cast<float>(std::sqrt(squares));
  return embedding;
}

SourceResult source(const std::string& sha, std::vector<Embedding> embeddings) {
  SourceResult result;
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    ClipRecord clip;
    clip.id = sha + "-" + std::to_string(i);
    clip.source_path = sha + ".mp4";
    clip.source_sha256 = sha;
    clip.start_frame = static_cast<std::int64_t>(i) * 49;
    clip.measured = {{"luma", 100}, {"embedding", curate::to_text(embeddings[i])}};
    result.clips.push_back(clip);
  }
  return result;
}

TEST(CurateEmbedding, CopiesAreAlikeAndOtherClipsAreNot) {
  const double threshold = config::Curate{}.duplicate_similarity;
  const std::vector<cv::Mat> frames = pan(1, kSize, 25, 2);
  const Embedding original = embedding_of(frames);
  EXPECT_NEAR(similarity(original, original), 1, 1e-5);
  const auto half = changed(frames, [](const cv::Mat& in, cv::Mat& out) {
    cv::resize(in, out, {}, 0.5, 0.5, cv::INTER_AREA);
  });
  const auto graded =
      changed(frames, [](const cv::Mat& in, cv::Mat& out) { in.convertTo(out, CV_8UC3, 1.08, 6); });
  const auto cropped = changed(frames, [](const cv::Mat& in, cv::Mat& out) {
    cv::resize(in(cv::Rect(4, 2, 184, 108)), out, kSize, 0, 0, cv::INTER_AREA);
  });
  EXPECT_GT(similarity(original, embedding_of(half)), 0.99);
  EXPECT_GT(similarity(original, embedding_of(graded)), 0.98);
  EXPECT_GT(similarity(original, embedding_of(cropped)), threshold);
  EXPECT_LT(similarity(original, embedding_of(pan(2, kSize, 25, 2))), 0.6);
}

TEST(CurateEmbedding, OneCameraWithOtherMotionIsAnotherClip) {
  const cv::Mat background = curate::testing::texture(3, kSize);
  const auto walk = [&](int from, int to, int y) {
    std::vector<cv::Mat> frames;
    for (int i = 0; i < 25; ++i) {
      cv::Mat frame = background.clone();
      frame(cv::Rect(from + (to - from) * i / 25, y, 16, 40)).setTo(cv::Scalar(20, 20, 30));
      frames.push_back(frame);
    }
    return frames;
  };
  const Embedding one = embedding_of(walk(10, 150, 20));
  EXPECT_LT(similarity(one, embedding_of(walk(160, 40, 60))),
            config::Curate{}.duplicate_similarity);
  // The same scene with nothing in it, twice.
  const std::vector<cv::Mat> still(25, background);
  EXPECT_GT(similarity(embedding_of(still), embedding_of(still)), 0.999);
}

TEST(CurateEmbedding, TextKeepsIt) {
  const Embedding embedding = embedding_of(pan(4, kSize, 10, 1));
  const std::string text = curate::to_text(embedding);
  EXPECT_EQ(text.size(), 2U * curate::kEmbeddingSize);
  EXPECT_GT(similarity(embedding, curate::embedding_from_text(text)), 0.999);
  EXPECT_THROW(curate::embedding_from_text(text.substr(2)), Error);
  EXPECT_THROW(curate::embedding_from_text("zz" + text.substr(2)), Error);
}

TEST(CurateDuplicates, NearestIsWhatComparingAllGives) {
  curate::DuplicateIndex index;
  const std::vector<Embedding> query = {random_embedding(0)};
  EXPECT_FALSE(index.nearest(query).front());
  std::vector<Embedding> kept;
  for (int i = 0; i < 70; ++i) {
    kept.push_back(random_embedding(i));
    index.add(kept.back());
  }
  std::vector<Embedding> queries;
  for (int i = 60; i < 130; ++i) queries.push_back(random_embedding(i));
  const auto matches = index.nearest(queries);
  ASSERT_EQ(matches.size(), queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (similarity(queries[q], kept[i]) > similarity(queries[q], kept[best])) best = i;
    }
    ASSERT_TRUE(matches[q]);
    EXPECT_EQ(matches[q]->kept, best);
    EXPECT_NEAR(matches[q]->similarity, similarity(queries[q], kept[best]), 1e-5);
  }
}

TEST(CurateJoin, KeepsTheEarlierOfDuplicates) {
  Embedding near = random_embedding(1);
  near[0] += 0.05F;
  std::vector<SourceResult> sources;
  sources.push_back(source("aaaa", {random_embedding(1), random_embedding(2)}));
  sources.push_back(source("bbbb", {random_embedding(3), near}));
  sources.push_back(source("aaaa", {random_embedding(1), random_embedding(2)}));
  sources[2].clips[0].source_path = "copy.mp4";
  sources[1].drops.push_back({.source_path = "bbbb.mp4", .reason = "static"});
  const SourceResult joined = join_sources(std::move(sources), {});

  ASSERT_EQ(joined.clips.size(), 3U);
  EXPECT_EQ(joined.clips[0].id, "aaaa-0");
  EXPECT_EQ(joined.clips[1].id, "aaaa-1");
  EXPECT_EQ(joined.clips[2].id, "bbbb-0");
  for (const ClipRecord& clip : joined.clips) {
    EXPECT_FALSE(clip.measured.contains("embedding"));
    EXPECT_TRUE(clip.measured.contains("luma"));
  }
  ASSERT_EQ(joined.drops.size(), 3U);
  EXPECT_EQ(joined.drops[0].reason, "static");
  EXPECT_EQ(joined.drops[1].reason, "duplicate");
  EXPECT_EQ(joined.drops[1].source_path, "copy.mp4");
  EXPECT_FALSE(joined.drops[1].start_frame);
  EXPECT_EQ(joined.drops[2].reason, "duplicate");
  EXPECT_EQ(joined.drops[2].source_path, "bbbb.mp4");
  EXPECT_EQ(joined.drops[2].start_frame, 49);
  EXPECT_GT(*joined.drops[2].score, 0.99);
  EXPECT_NE(joined.drops[2].detail.find("aaaa-0"), std::string::npos);
}

TEST(CurateJoin, FindsDuplicatesWithinAndAcrossBatches) {
  const int count = 3 * static_cast<int>(curate::DuplicateIndex::kBatch);
  std::vector<Embedding> embeddings;
  for (int i = 0; i < count; ++i) embeddings.push_back(random_embedding(i));
  embeddings[9] = embeddings[4];
  embeddings[150] = embeddings[60];
  embeddings[151] = embeddings[100];
  std::vector<SourceResult> sources;
  sources.push_back(source("aaaa", embeddings));
  const SourceResult joined = join_sources(std::move(sources), {});
  EXPECT_EQ(joined.clips.size(), embeddings.size() - 3);
  ASSERT_EQ(joined.drops.size(), 3U);
  EXPECT_NE(joined.drops[0].detail.find("clip aaaa-4 of"), std::string::npos);
  EXPECT_NE(joined.drops[1].detail.find("clip aaaa-60 of"), std::string::npos);
  EXPECT_NE(joined.drops[2].detail.find("clip aaaa-100 of"), std::string::npos);
}

TEST(CurateJoin, SimilarityOfOneDropsIdenticalFilesOnly) {
  config::Curate settings;
  settings.duplicate_similarity = 1;
  std::vector<SourceResult> sources;
  sources.push_back(source("aaaa", {random_embedding(1)}));
  sources.push_back(source("bbbb", {random_embedding(1)}));
  sources.push_back(source("aaaa", {random_embedding(1)}));
  const SourceResult joined = join_sources(std::move(sources), settings);
  EXPECT_EQ(joined.clips.size(), 2U);
  EXPECT_EQ(joined.drops.size(), 1U);
}

}  // namespace
}  // namespace ditto::stages
