#include "ditto/pipeline/work_store.h"

#include <gtest/gtest.h>

#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "pipeline/fixtures.h"

namespace ditto::pipeline {
namespace {

StageKey key(int n) { return {"edit", {{"n", n}}, sha256_hex(std::to_string(n))}; }

TEST(WorkStoreTest, AResultIsThereOnceItsJsonIs) {
  const WorkStore store(test_directory());
  store.put_file(key(1), "png", "picture");
  EXPECT_FALSE(store.find(key(1)));
  store.put(key(1), {{"answer", 42}});
  ASSERT_TRUE(store.find(key(1)));
  EXPECT_EQ(store.find(key(1))->at("answer"), 42);
  EXPECT_EQ(read_file(store.file(key(1), "png")), "picture");
  EXPECT_EQ(store.inputs_of("edit", key(1).fingerprint)->at("n"), 1);
  EXPECT_FALSE(store.find(key(2)));
}

TEST(WorkStoreTest, ADamagedResultCountsAsMissing) {
  const WorkStore store(test_directory());
  store.put(key(1), {{"answer", 42}});
  const auto path = store.file(key(1), "json");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_FALSE(store.find(key(1)));
}

}  // namespace
}  // namespace ditto::pipeline
