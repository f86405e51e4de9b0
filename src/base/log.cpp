#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace helio::log {

namespace {

std::atomic<Level> least{Level::kWarn};

void append_json_string(fmt::memory_buffer& to, std::string_view text) {
  to.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      to.push_back('\\');
      to.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      to.push_back(c);
    }
  }
  to.push_back('"');
}

void write(Level level, spdlog::level::level_enum as, std::string_view event, Fields fields) {
  if (level < least.load(std::memory_order_relaxed)) return;
  fmt::memory_buffer line;
  line.append(std::string_view(R"("event":)"));
  append_json_string(line, event);
  for (const Field& field : fields) {
    line.push_back(',');
    append_json_string(line, field.name);
    line.push_back(':');
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      fmt::format_to(std::back_inserter(line), "{}", *number);
    } else if (const auto* real = std::get_if<double>(&field.value)) {
      fmt::format_to(std::back_inserter(line), "{}", *real);
    } else if (const auto* truth = std::get_if<bool>(&field.value)) {
      fmt::format_to(std::back_inserter(line), "{}", *truth);
    } else {
      append_json_string(line, std::get<std::string>(field.value));
    }
  }
  spdlog::default_logger_raw()->log(as, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void start(Level level) {
  least = level;
  constexpr std::size_t kLinesMax = 8192;
  spdlog::init_thread_pool(kLinesMax, 1);
  auto logger = spdlog::create_async_nb<spdlog::sinks::stderr_sink_mt>("heliograph");
  logger->set_level(spdlog::level::trace);
  logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(logger);
  spdlog::flush_every(std::chrono::seconds(1));
}

void stop() {
  spdlog::shutdown();
}

void debug(std::string_view event, Fields fields) {
  write(Level::kDebug, spdlog::level::debug, event, fields);
}
void info(std::string_view event, Fields fields) {
  write(Level::kInfo, spdlog::level::info, event, fields);
}
void warn(std::string_view event, Fields fields) {
  write(Level::kWarn, spdlog::level::warn, event, fields);
}
void error(std::string_view event, Fields fields) {
  write(Level::kError, spdlog::level::err, event, fields);
}

}  // namespace helio::log
