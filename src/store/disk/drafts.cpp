#include "store/disk/drafts.h"

#include <algorithm>

#include "base/assert.h"
#include "store/disk/file.h"

namespace helio::store::disk {

Drafts::Drafts(std::string directory, const Clock& clock, Random& random, std::size_t open_max)
    : directory_(std::move(directory)), clock_(clock), random_(random), open_max_(open_max) {}

Drafts::Name::~Name() {
  if (!drafts_) return;
  const std::lock_guard lock(drafts_->mutex_);
  drafts_->open_.erase(text_);
}

bool Drafts::is_name(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<Drafts::Name> Drafts::take_locked(const std::string& name) {
  ASSERT(is_name(name));
  if (open_.size() >= open_max_ || !open_.insert(name).second) return std::nullopt;
  return Name(*this, name);
}

std::optional<Drafts::Name> Drafts::take_new() {
  const std::lock_guard lock(mutex_);
  return take_locked(to_hex(random_.bytes(16)));
}

std::optional<Drafts::Name> Drafts::take(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return take_locked(name);
}

std::uint64_t Drafts::discard(seconds idle) {
  std::uint64_t discarded = 0;
  for (const std::string& name : names_in(directory_)) {
    if (!is_name(name)) continue;  // Not ours.
    const std::string path = directory_ + "/" + name;
    const std::lock_guard lock(mutex_);  // So that nobody opens it between the look and the removal.
    if (open_.contains(name)) continue;
    const auto found = find(path);
    if (found && clock_.now() - found->changed >= idle && remove(path)) ++discarded;
  }
  return discarded;
}

void Drafts::flush() {
  flush_directory(directory_);
}

}  // namespace helio::store::disk
