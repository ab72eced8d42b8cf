#include "ditto/nn/safetensors.h"

#include <sys/stat.h>

#include "nn/temporary.h"

namespace ditto::nn {
namespace {

using ::testing::Test;

std::string tensor_json(const std::string& name, const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + shape +
         R"(],"data_offsets":[)" + offsets + "]}";
}

class SafetensorsTest : public FolderTest {
 protected:
  /// The message about a file of these bytes: names the file.
  std::string refusal(const std::string& bytes) const {
    const std::string message =
        input_error([&] { SafetensorsFile file(put("x.safetensors", bytes)); });
    EXPECT_NE(message.find("x.safetensors: "), std::string::npos) << message;
    EXPECT_LT(message.size(), 800U);
    return message;
  }
  void expect_refused(const std::string& bytes, const std::string& part) const {
    const std::string message = refusal(bytes);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
};

TEST_F(SafetensorsTest, RoundTripsEveryDtype) {
  std::map<std::string, at::Tensor> tensors;
  const at::Tensor values = at::arange(-3, 3, at::kFloat).reshape({2, 3});
  for (const at::ScalarType dtype :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kFloat8_e4m3fn, at::kFloat8_e5m2,
        at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    tensors[c10::toString(dtype)] = values.abs().to(dtype);
  }
  tensors["scalar"] = at::scalar_tensor(7.5);
  tensors["empty"] = at::empty({0, 4});
  tensors["odd"] = at::tensor({1, 2, 3}, at::kByte);
  write_safetensors(folder_ / "x.safetensors", tensors, {{"arguments", "{\"a\": 1}"}});
  const SafetensorsFile file(folder_ / "x.safetensors");
  ASSERT_EQ(file.header().tensors.size(), tensors.size());
  EXPECT_EQ(file.header().metadata.at("arguments"), "{\"a\": 1}");
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor found = file.tensor(name);
    EXPECT_EQ(found.scalar_type(), tensor.scalar_type()) << name;
    ASSERT_EQ(found.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(found.to(at::kDouble).equal(tensor.to(at::kDouble))) << name;
  }
}

TEST_F(SafetensorsTest, WritingToATensorDoesNotChangeTheFile) {
  write_safetensors(folder_ / "x.safetensors", {{"a", at::ones({4})}});
  {
    const SafetensorsFile file(folder_ / "x.safetensors");
    file.tensor("a").zero_();
  }
  EXPECT_EQ(SafetensorsFile(folder_ / "x.safetensors").tensor("a").sum().item<float>(), 4.0F);
}

TEST_F(SafetensorsTest, ReadsWhatIsNotAligned) {
  const std::string header = "{" + tensor_json("b", "U8", "1", "0,1") + "," +
                             tensor_json("f", "F32", "1", "1,5") + "," +
                             tensor_json("t", "BOOL", "2", "5,7") + "}";
  const std::string data("\x05\x00\x00\x80\x3f\x02\x00", 7);
  const SafetensorsFile file(put("x.safetensors", safetensors_bytes(header, data)));
  EXPECT_EQ(file.tensor("f").item<float>(), 1.0F);
  EXPECT_TRUE(file.tensor("t").equal(at::tensor({1, 0}, at::kByte).ne(0)));
}

TEST_F(SafetensorsTest, RefusesWhatIsNoFileOfTheFormat) {
  expect_refused("", "truncated");
  expect_refused("\x01\x02", "truncated");
  expect_refused(safetensors_bytes("{}", "", 3), "truncated");
  expect_refused(safetensors_bytes("{}", "", 99'999'999), "truncated");
  expect_refused(safetensors_bytes("{}", "", std::uint64_t{1} << 63), "9223372036854775808 bytes");
  expect_refused(safetensors_bytes("{}", "", ~std::uint64_t{1}), "18446744073709551614 bytes");
  for (const char* header : {"", " ", "[]", "1", "\"a\"", "null", "true", "{", "{}{}", "{}x",
                             "{\"a\"}", "{\"a\":}", "{\"a\":1e999}", "\xff\xfe", "{\"\xff\":1}"}) {
    refusal(safetensors_bytes(header));
  }
  EXPECT_NE(input_error([&] { SafetensorsFile file(folder_); }).find("regular"), std::string::npos);
  EXPECT_NE(input_error([&] { SafetensorsFile file(folder_ / "none"); }).find("none"),
            std::string::npos);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  input_error([&] { SafetensorsFile file(folder_ / "pipe"); });
}

TEST_F(SafetensorsTest, RefusesHostileRanges) {
  const auto one = [](const std::string& shape, const std::string& offsets,
                      const std::string& data) {
    return safetensors_bytes("{" + tensor_json("a", "F32", shape, offsets) + "}", data);
  };
  expect_refused(one("2", "0,8", "1234567"), "\"a\" ends at byte 8");
  expect_refused(one("2", "0,8", "123456789"), "last 1 bytes belong to no tensor");
  expect_refused(one("2", "8,16", "12345678"), "ends at byte 16");
  expect_refused(one("2", "4,12", "123456789012"), "byte 0 belongs to no tensor");
  expect_refused(one("2", "8,0", "12345678"), "ends before it begins");
  expect_refused(one("2", "0,4", "1234"), "takes 8 bytes, data_offsets give 4");
  expect_refused(one("2", "18446744073709551608,18446744073709551615", "12345678"), "\"a\"");
  expect_refused(one("2", "0,18446744073709551616", "12345678"), "\"a\"");
  expect_refused(one("4611686018427387904", "0,8", "12345678"), "too large");
  expect_refused(one("9223372036854775807,9223372036854775807", "0,8", "12345678"), "too large");
  expect_refused(one("0,9223372036854775807,9223372036854775807", "0,0", ""), "too large");
  expect_refused(one("9223372036854775808", "0,8", "12345678"), "a dimension of");
  expect_refused(one("-1", "0,8", "12345678"), "a negative number");
  expect_refused(one("2.5", "0,8", "12345678"), "\"a\"");
  expect_refused(one("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "0,4", "1234"), "16 dimensions");
  const std::string overlap =
      "{" + tensor_json("a", "F32", "2", "0,8") + "," + tensor_json("b", "F32", "1", "4,8") + "}";
  expect_refused(safetensors_bytes(overlap, "12345678"), "\"b\" overlaps \"a\"");
  const std::string twice =
      "{" + tensor_json("a", "F32", "2", "0,8") + "," + tensor_json("b", "F32", "2", "0,8") + "}";
  expect_refused(safetensors_bytes(twice, "12345678"), "overlaps");
  // Both leave a gap as well, before another tensor; that one isn't at fault.
  const auto moved = [](const std::string& offsets) {
    return safetensors_bytes("{" + tensor_json("a", "F32", "1", "0,4") + "," +
                                 tensor_json("b", "F32", "1", offsets) + "," +
                                 tensor_json("c", "F32", "1", "8,12") + "}",
                             "123456789012");
  };
  expect_refused(moved("40,44"), "\"b\" ends at byte 44");
  expect_refused(moved("8,12"), "overlaps");
}

TEST_F(SafetensorsTest, RefusesHostileFields) {
  const auto with = [](const std::string& body) {
    return safetensors_bytes("{\"a\":{" + body + "}}", "1234");
  };
  expect_refused(with(R"("dtype":"F4","shape":[1],"data_offsets":[0,4])"), "unknown dtype \"F4\"");
  expect_refused(with(R"("dtype":"C64","shape":[1],"data_offsets":[0,4])"), "unknown dtype");
  expect_refused(with(R"("dtype":7,"shape":[1],"data_offsets":[0,4])"), "\"a\": a number");
  expect_refused(with(R"("dtype":null,"shape":[1],"data_offsets":[0,4])"), "\"a\"");
  expect_refused(with(R"("dtype":"F32","shape":1,"data_offsets":[0,4])"), "\"a\": a number");
  expect_refused(with(R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])"), "\"a\": an array");
  expect_refused(with(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), "two numbers");
  expect_refused(with(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])"), "two numbers");
  expect_refused(with(R"("dtype":"F32","shape":[1])"), "data_offsets is missing");
  expect_refused(with(R"("shape":[1],"data_offsets":[0,4])"), "dtype is missing");
  expect_refused(with(R"("dtype":"F32","data_offsets":[0,4])"), "shape is missing");
  expect_refused(with(R"("dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4])"),
                 "shape is there twice");
  expect_refused(with(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"x":{})"),
                 "unknown field \"x\"");
  const std::string a = tensor_json("a", "F32", "1", "0,4");
  expect_refused(safetensors_bytes("{" + a + "," + a + "}", "1234"), "\"a\" is there twice");
  expect_refused(safetensors_bytes(R"({"__metadata__":{},"__metadata__":{},)" + a + "}", "1234"),
                 "twice");
  expect_refused(safetensors_bytes(R"({"__metadata__":{"k":"1","k":"2"},)" + a + "}", "1234"),
                 "\"k\" is there twice");
  expect_refused(safetensors_bytes(R"({"__metadata__":{"k":1},)" + a + "}", "1234"),
                 "__metadata__: a number");
  expect_refused(safetensors_bytes(R"({"__metadata__":{"k":{}},)" + a + "}", "1234"),
                 "__metadata__: an object");
  expect_refused(safetensors_bytes("{\"a\":" + std::string(200'000, '[')), "\"a\": an array");
  expect_refused(safetensors_bytes("{\"" + std::string(200'000, 'n') + "\":1}"), "nnn...");
  expect_refused(safetensors_bytes(R"({"\u0000\u001b[31m":1})"), "\\x00\\x1b[31m");
}

TEST_F(SafetensorsTest, NamesATensorThatIsNotThere) {
  write_safetensors(folder_ / "x.safetensors", {{"a", at::ones({4})}});
  const SafetensorsFile file(folder_ / "x.safetensors");
  EXPECT_NE(input_error([&] { file.tensor("b"); }).find("has no tensor \"b\""), std::string::npos);
}

TEST_F(SafetensorsTest, HolesOfASparseFileAreNotStoredBytes) {
  constexpr std::uint64_t kBytes = std::uint64_t{1} << 40;  // more than any memory
  std::string header =
      "{" + tensor_json("a", "F32", std::to_string(kBytes / 4), "0," + std::to_string(kBytes)) +
      "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // what isn't aligned would be copied
  const std::filesystem::path path = put("x.safetensors", safetensors_bytes(header));
  std::filesystem::resize_file(path, 8 + header.size() + kBytes);
  const SafetensorsFile file(path);
  std::uint64_t stored = 0;
  for (const auto& part : file.stored_bytes("a")) stored += part.size();
  EXPECT_LT(stored, 1U << 20);
  EXPECT_EQ(file.tensor("a").numel(), static_cast<std::int64_t>(kBytes / 4));
}

TEST_F(SafetensorsTest, AnUnfinishedFileLeavesNothing) {
  {
    SafetensorsWriter writer(folder_ / "x.safetensors", {{"a", {at::kFloat, {4}, 0, 0}}}, {});
    EXPECT_THROW(writer.commit(), std::logic_error);
    EXPECT_THROW(writer.write("a", at::ones({5})), std::logic_error);
    EXPECT_THROW(writer.write("b", at::ones({4})), std::logic_error);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SafetensorsTest, TheSameTensorsGiveTheSameBytesInWhateverOrderAndPieces) {
  const std::map<std::string, at::Tensor> tensors = {
      {"a", at::rand({3, 5})}, {"b", at::rand({7}).to(at::kHalf)}, {"c", at::rand({2})}};
  write_safetensors(folder_ / "x.safetensors", tensors);
  std::map<std::string, TensorInfo> layout;
  for (const auto& [name, tensor] : tensors) {
    layout[name] = {tensor.scalar_type(), tensor.sizes().vec(), 0, 0};
  }
  SafetensorsWriter writer(folder_ / "y.safetensors", layout, {});
  writer.write("c", tensors.at("c"));
  writer.write("b", tensors.at("b"));
  writer.write_rows("a", 1, tensors.at("a").slice(0, 1));
  EXPECT_THROW(writer.commit(), std::logic_error);
  writer.write_rows("a", 0, tensors.at("a").slice(0, 0, 1));
  writer.commit();
  const auto bytes = [&](const char* name) {
    std::ifstream in(folder_ / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(bytes("x.safetensors"), bytes("y.safetensors"));
}

}  // namespace
}  // namespace ditto::nn
