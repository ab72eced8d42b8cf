#include "ditto/core/hash.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto {
namespace {

TEST(Sha256Test, MatchesPublishedVectors) {
  // FIPS 180-2, appendix B.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Test, FileEqualsBytesAndMissingFileIsNamed) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "hash_test.bin";
  const std::string bytes(3'000'000, 'x');
  write_file(path, bytes);
  EXPECT_EQ(sha256_hex_of_file(path), sha256_hex(bytes));
  try {
    sha256_hex_of_file("/no/such/file");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(e.what()).find("/no/such/file"), std::string::npos);
  }
}

TEST(FingerprintTest, DependsOnValuesNotOnKeyOrder) {
  const auto a = nlohmann::json::parse(R"({"x": 1, "y": [0.1, "é"]})");
  const auto b = nlohmann::json::parse(R"({"y": [0.1, "é"], "x": 1})");
  const auto c = nlohmann::json::parse(R"({"y": [0.1, "é"], "x": 2})");
  EXPECT_EQ(fingerprint(a), fingerprint(b));
  EXPECT_NE(fingerprint(a), fingerprint(c));
}

}  // namespace
}  // namespace ditto
