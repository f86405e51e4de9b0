// Stored bytes of every form that was ever stored, as schema/golden.txt keeps them, mean today what they meant then.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tl/decode.h"
#include "tl/json.h"
#include "tl/record.h"
#include "tl/table.h"

namespace helio {
namespace {

// What an object holds, as paths: {"a": {"b": ["x", 1]}} is a.b.0 = x and a.b.1 = 1. A number that grew from int to
// long, which JSON has as text, is the same number.
class Paths {
 public:
  static std::map<std::string, std::string> of(std::string_view json) {
    Paths paths(json);
    paths.value("");
    EXPECT_TRUE(paths.rest_.empty()) << paths.rest_;
    return paths.found_;
  }

 private:
  explicit Paths(std::string_view json) : rest_(json) {}

  void value(const std::string& path) {
    if (rest_.starts_with('{')) return items(path, '}');
    if (rest_.starts_with('[')) return items(path, ']');
    found_[path] = rest_.starts_with('"') ? text() : std::string(take(rest_.find_first_of(",]}")));
  }

  void items(const std::string& path, char end) {
    take(1);
    std::size_t index = 0;
    for (; !rest_.starts_with(end) && !rest_.empty(); ++index) {
      if (index) take(2);  // ", "
      std::ostringstream name;
      name << path << '.';
      if (end == '}') {
        name << text();
        take(2);  // ": "
      } else {
        name << index;
      }
      value(name.str());
    }
    if (end == ']') found_[path + ".size"] = std::to_string(index);
    take(1);
  }

  std::string text() {
    take(1);
    std::string text;
    while (!rest_.empty() && rest_[0] != '"') {
      if (rest_[0] == '\\') text += take(1);
      text += take(1);
    }
    take(1);
    return text;
  }

  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
  std::map<std::string, std::string> found_;
};

std::vector<std::string> lines_of(const char* path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && !line.starts_with("//")) lines.push_back(line);
  }
  return lines;
}

struct Golden {
  std::string form;  // name#id
  Bytes bytes;
  std::string json;

  std::uint32_t id() const { return static_cast<std::uint32_t>(std::stoul(form.substr(form.find('#') + 1), {}, 16)); }
};

std::vector<Golden> all_golden() {
  std::vector<Golden> all;
  for (const std::string& line : lines_of(HELIO_SCHEMA "/golden.txt")) {
    std::istringstream words(line);
    std::string checksum, hex;
    Golden golden;
    words >> checksum >> golden.form >> hex;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      golden.bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), {}, 16)));
    }
    std::getline(words, golden.json);
    golden.json.erase(0, 1);
    all.push_back(std::move(golden));
  }
  return all;
}

Result<tl::Box<tl::Object>> decode(const Golden& golden) {
  // What records are made of has its own lines; on its own it is decoded as any API object.
  return golden.form.starts_with("record.") ? tl::decode_record_object(golden.bytes) : tl::decode_object(golden.bytes);
}

TEST(GoldenBytes, MeanWhatTheyMeantWhenTheyWereStored) {
  for (const Golden& golden : all_golden()) {
    SCOPED_TRACE(golden.form);
    const auto object = decode(golden);
    ASSERT_TRUE(object);
    const auto now = Paths::of(tl::to_json(**object));
    // Fields that came later have no value in old bytes, or 0.
    for (const auto& [path, value] : Paths::of(golden.json)) {
      const auto found = now.find(path);
      ASSERT_NE(found, now.end()) << path << " is gone";
      EXPECT_EQ(found->second, value) << path;
    }
  }
}

TEST(GoldenBytes, AreWhatIsWrittenToday) {
  int compared = 0;
  for (const Golden& golden : all_golden()) {
    const tl::Variant* form = tl::find_variant(golden.id());
    ASSERT_NE(form, nullptr) << golden.form;
    if (!form->stored) continue;  // A form of the past: it is read, never written.
    const auto object = decode(golden);
    ASSERT_TRUE(object) << golden.form;
    EXPECT_EQ(to_hex(tl::encode_record(**object)), to_hex(golden.bytes)) << golden.form;
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

TEST(GoldenBytes, ExistForEveryFormThatWasEverStored) {
  std::vector<std::string> forms, stored;
  for (const Golden& golden : all_golden()) forms.push_back(golden.form);
  for (const std::string& line : lines_of(HELIO_SCHEMA "/stored.tl")) stored.push_back(line.substr(0, line.find(' ')));
  EXPECT_EQ(forms, stored);
}

}  // namespace
}  // namespace helio
