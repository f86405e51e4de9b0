#include "server/settings.h"

#include <toml++/toml.h>

#include <charconv>
#include <cstdlib>

#include "base/assert.h"
#include "net/endpoint.h"
#include "server/owner_error.h"

namespace helio::server {

namespace {

std::string address_fault(const std::string& value) {
  return net::parse_endpoint(value) ? "" : "should be ADDRESS:PORT, like 127.0.0.1:4430 or [::]:4430";
}

std::string public_address_fault(const std::string& value) {
  return value.empty() || net::parse_endpoint(value)
             ? ""
             : "should be ADDRESS:PORT as clients reach it, like 203.0.113.7:4430";
}

std::string switch_fault(const std::string& value) {
  return value == "true" || value == "false" ? "" : "should be true or false";
}

std::string registration_fault(const std::string& value) {
  return value == "closed" || value == "open" ? "" : "should be closed or open";
}

std::string level_fault(const std::string& value) {
  for (const auto* level : {"debug", "info", "warn", "error", "off"}) {
    if (value == level) return "";
  }
  return "should be debug, info, warn, error or off";
}

template <int low, int high>
std::string number_fault(const std::string& value) {
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && number >= low && number <= high) return "";
  return "should be a number from " + std::to_string(low) + " to " + std::to_string(high);
}

constexpr Setting kSettings[] = {
    {"mtproto.address", "mtproto", "127.0.0.1:4430", "where Telegram clients connect; 0.0.0.0:4430 is every network",
     address_fault},
    {"mtproto.legacy_key_exchange", "legacy-key-exchange", "true",
     "accept the older key exchange that many libraries use", switch_fault},
    {"http.address", "http", "127.0.0.1:8080", "where browsers and health checks connect", address_fault},
    {"public_address", "public-address", "", "the address clients are told to use; empty: the one they came to",
     public_address_fault},
    {"registration", "registration", "closed", "who may sign up: closed, or open to every number", registration_fault},
    {"test_numbers", "test-numbers", "false",
     "let numbers 99966XYYYY sign up with the code XXXXXX; for tests on loopback addresses only", switch_fault, true},
    {"cores", "cores", "0", "how many processor cores to use; 0: all", number_fault<0, 256>},
    {"store.memory_mib", "store-memory-mib", "256", "memory for the store's caches and write buffers, in MiB",
     number_fault<32, 1048576>},
    {"log.level", "log-level", "info", "debug, info, warn, error or off", level_fault},
};

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : kSettings) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::string text_of(const toml::node& node, const std::string& where) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  throw OwnerError(where + ": a setting is a text in quotes, a number, true or false");
}

}  // namespace

std::span<const Setting> all_settings() {
  return kSettings;
}

std::string environment_name(const Setting& setting) {
  std::string name = "HELIOGRAPH_";
  for (const char c : setting.key)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

void Settings::set(const Setting& setting, std::string text, std::string source) {
  if (const std::string fault = setting.fault(text); !fault.empty()) {
    throw OwnerError(source + ": " + std::string(setting.key) + " is '" + text + "' but " + fault);
  }
  values_[std::string(setting.key)] = Value{std::move(text), std::move(source)};
}

Settings Settings::read(const std::filesystem::path& data, const std::map<std::string, std::string>& flags) {
  Settings settings;
  for (const Setting& setting : kSettings) settings.set(setting, std::string(setting.fallback), "default");

  const auto file = data / "heliograph.toml";
  if (std::filesystem::exists(file)) {
    toml::table table;
    try {
      table = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
      throw OwnerError(file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                       std::string(error.description()));
    }
    const auto read_table = [&](const auto& self, const toml::table& from, const std::string& prefix) -> void {
      for (const auto& [name, node] : from) {
        const std::string key = prefix + std::string(name.str());
        const std::string where = file.string() + ":" + std::to_string(node.source().begin.line);
        if (const auto* inner = node.as_table()) {
          self(self, *inner, key + ".");
        } else if (const Setting* setting = find_setting(key)) {
          settings.set(*setting, text_of(node, where), where);
        } else {
          throw OwnerError(where + ": there is no setting '" + key + "'; `heliograph config` lists them");
        }
      }
    };
    read_table(read_table, table, "");
  }

  for (const Setting& setting : kSettings) {
    const std::string name = environment_name(setting);
    if (const char* text = std::getenv(name.c_str())) settings.set(setting, text, name);
    const auto flag = flags.find(std::string(setting.flag));
    if (flag != flags.end()) settings.set(setting, flag->second, "--" + flag->first);
  }
  return settings;
}

const Settings::Value& Settings::get(std::string_view key) const {
  const auto value = values_.find(key);
  ASSERT(value != values_.end());
  return value->second;
}

int Settings::number(std::string_view key) const {
  return std::atoi(get(key).text.c_str());
}

}  // namespace helio::server
