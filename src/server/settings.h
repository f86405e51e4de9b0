// server/settings.h: what an owner can set, in one table.
//
// Later wins: the default, DIR/heliograph.toml, the environment (HELIOGRAPH_...), the command line. Every value is
// checked where it comes from, so that the complaint names the line, the variable or the flag.
#pragma once
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace helio::server {

// One row of the table. Values are kept as text; typed() in Settings reads them.
struct Setting {
  std::string_view key;   // In heliograph.toml: "mtproto.address" is `address` in `[mtproto]`.
  std::string_view flag;  // On the command line, without the dashes.
  std::string_view fallback;
  std::string_view what;                           // For `heliograph --help` and the documentation.
  std::string (*fault)(const std::string& value);  // Empty, or what a value should look like.
  bool is_switch = false;                          // The flag takes no value.
};
std::span<const Setting> all_settings();

// HELIOGRAPH_MTPROTO_ADDRESS for "mtproto.address".
std::string environment_name(const Setting& setting);

class Settings {
 public:
  struct Value {
    std::string text;
    std::string source;  // "default", "DIR/heliograph.toml:3", "HELIOGRAPH_CORES" or "--cores".
  };

  // `flags`: values given on the command line, by flag name. A `data` folder without heliograph.toml is fine.
  // Throws OwnerError for anything that is not understood.
  static Settings read(const std::filesystem::path& data, const std::map<std::string, std::string>& flags);

  const Value& get(std::string_view key) const;  // `key` must be in the table.
  std::string text(std::string_view key) const { return get(key).text; }
  bool is_on(std::string_view key) const { return get(key).text == "true"; }
  int number(std::string_view key) const;

 private:
  void set(const Setting& setting, std::string text, std::string source);

  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace helio::server
