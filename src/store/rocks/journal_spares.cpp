#include "store/rocks/journal_spares.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace helio::store::rocks::journal {

namespace {

constexpr std::size_t kDigits = 16;
// Zeros that are on their way to the disk at a time: a commit's flush waits for all that the disk has taken before.
constexpr std::size_t kStep = 256 << 10;

}  // namespace

std::string numbered(std::uint64_t number, std::string_view end) {
  std::string name(kDigits, '0');
  for (std::size_t i = kDigits; number != 0; number >>= 4) name[--i] = "0123456789abcdef"[number & 15];
  return name.append(end);
}

std::optional<std::uint64_t> number_in(std::string_view name, std::string_view end) {
  std::uint64_t number = 0;
  const char* const digits_end = name.data() + std::min(name.size(), kDigits);
  if (std::from_chars(name.data(), digits_end, number, 16).ptr != digits_end) return std::nullopt;
  return numbered(number, end) == name ? std::optional(number) : std::nullopt;
}

Spares::Spares(const Directory& directory, Options options, const std::vector<std::string>& found)
    : directory_(directory), options_(std::move(options)) {
  for (const std::string& name : found) {
    next_ = std::max(next_, number_in(name, kSpareEnd).value_or(0) + 1);
    // One more than is kept: it was made for the segment that comes next.
    const bool fits = File(directory_.file(name), O_RDONLY).size() == options_.size;
    if (fits && ready_.size() <= options_.keep) {
      ready_.push_back(name);
    } else {
      directory_.remove(name);
    }
  }
}

Spares::~Spares() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  asked_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::optional<std::string> Spares::take() {
  std::unique_lock lock(mutex_);
  if (ready_.empty()) {
    wanted_ = true;
    refused_ = false;
    ask();
    answered_.wait(lock, [&] { return !ready_.empty() || refused_ || failed_; });
  }
  if (failed_) std::rethrow_exception(failed_);
  if (ready_.empty()) return std::nullopt;
  std::string name = std::move(ready_.front());
  ready_.pop_front();
  return name;
}

void Spares::give_back(std::string name) {
  const std::lock_guard lock(mutex_);
  ready_.push_front(std::move(name));
}

void Spares::prepare() {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) std::rethrow_exception(failed_);
    wanted_ = true;
  }
  ask();
}

void Spares::retire(std::vector<std::string> names) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) std::rethrow_exception(failed_);
    std::move(names.begin(), names.end(), std::back_inserter(retired_));
  }
  ask();
}

void Spares::ask() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  asked_.notify_one();
}

void Spares::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    // Retired first: they may spare the making.
    asked_.wait(lock, [&] { return stopped_ || !retired_.empty() || wanted_; });
    if (stopped_) return;
    const auto names = std::exchange(retired_, {});
    const bool make_one = names.empty() && ready_.empty();
    lock.unlock();
    std::exception_ptr failed;
    bool refused = false;
    try {
      if (!names.empty()) recycle(names);
      if (make_one) make();
    } catch (const NoRoom&) {
      refused = true;
    } catch (const JournalFailed&) {
      failed = std::current_exception();
    }
    lock.lock();
    refused_ = refused;
    failed_ = failed;
    if (!ready_.empty() || refused_) wanted_ = false;
    answered_.notify_one();
    if (failed_) return;
  }
}

void Spares::recycle(const std::vector<std::string>& names) {
  std::size_t ready = 0;
  {
    const std::lock_guard lock(mutex_);
    ready = ready_.size();
  }
  std::vector<std::string> spares;
  for (const std::string& name : names) {
    const bool fits = File(directory_.file(name), O_RDONLY).size() == options_.size;
    if (fits && ready + spares.size() < options_.keep) {
      spares.push_back(next_name());
      directory_.rename(name, spares.back());
    } else {
      directory_.remove(name);
    }
  }
  // Before anybody writes into them: journal_spares.h, "Spare".
  directory_.flush();
  reached("journal.recycled");
  const std::lock_guard lock(mutex_);
  ready_.insert(ready_.end(), spares.begin(), spares.end());
}

void Spares::make() {
  const std::string making(kSpareInTheMaking);
  const std::string name = next_name();
  try {
    const File file(directory_.file(making), O_WRONLY | O_CREAT | O_TRUNC);
    file.allocate(options_.size);
    const Bytes zeros(std::min(kStep, options_.size), '\0');
    for (std::size_t at = 0; at < options_.size; at += kStep) {
      const std::size_t size = std::min(kStep, options_.size - at);
      file.write(View(zeros).substr(0, size), at);
      file.hand_over(at, size);
      const std::lock_guard lock(mutex_);
      if (stopped_) return;  // The next start removes it.
    }
    file.flush();
    directory_.rename(making, name);
  } catch (const NoRoom&) {
    directory_.remove(making);
    throw;
  }
  directory_.flush();
  reached("journal.spare_made");
  const std::lock_guard lock(mutex_);
  ready_.push_back(name);
}

void Spares::reached(View point) const {
  if (options_.reached) options_.reached(point);
}

}  // namespace helio::store::rocks::journal
