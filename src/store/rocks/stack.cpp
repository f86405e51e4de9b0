#include "store/rocks/stack.h"

#include "base/assert.h"

namespace helio::store::rocks {

CurrentStack::CurrentStack(Database& database, std::size_t memory) : database_(database), memory_(memory) {
  auto first = std::make_shared<Stack>();
  first->generations.push_back(std::make_shared<Generation>());
  first->base = snapshot();
  stack_ = std::move(first);
}

std::shared_ptr<const rocksdb::Snapshot> CurrentStack::snapshot() const {
  return {database_->GetSnapshot(),
          [&database = database_](const rocksdb::Snapshot* s) { database->ReleaseSnapshot(s); }};
}

std::shared_ptr<const Stack> CurrentStack::load() const {
  const std::lock_guard lock(mutex_);
  return stack_;
}

void CurrentStack::freeze() {
  auto active = std::make_shared<Generation>();
  std::shared_ptr<const Stack> before;  // Let go of outside the lock: the last one who has a generation frees it.
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Stack>(*stack_);
  next->generations.insert(next->generations.begin(), std::move(active));
  ++unfolded_;
  trim(*next, next->generations[1]->size());
  before = std::exchange(stack_, std::move(next));
}

// Drops the oldest generations that are in RocksDB until `planned` bytes more fit.
void CurrentStack::trim(Stack& stack, std::size_t planned) const {
  std::size_t size = planned;
  for (std::size_t i = 0; i < stack.generations.size(); ++i) {
    size += stack.generations[i]->size();
    if (i > unfolded_ && size > memory_) return stack.generations.resize(i);
  }
}

std::shared_ptr<Generation> CurrentStack::oldest_unfolded() const {
  const std::lock_guard lock(mutex_);
  return unfolded_ == 0 ? nullptr : stack_->generations[unfolded_];
}

void CurrentStack::folded() {
  auto base = snapshot();
  std::shared_ptr<const Stack> before;
  {
    const std::lock_guard lock(mutex_);
    ASSERT(unfolded_ > 0);
    --unfolded_;
    auto next = std::make_shared<Stack>(*stack_);
    next->base = std::move(base);
    trim(*next, 0);
    before = std::exchange(stack_, std::move(next));
  }
}

std::size_t CurrentStack::unfolded() const {
  const std::lock_guard lock(mutex_);
  return unfolded_;
}

}  // namespace helio::store::rocks
