// domain/box/command.h: what a box can be asked, as a table from the command's TL id to the function that runs it.
//
// A command is a synchronous function over a BoxTxn and nothing else: it may be run again, on fresh state, after a
// conflict. What it must know from elsewhere, the time included, is in the command.
//
//   Result<tl::record::Sent> send(BoxTxn& box, const tl::box::sendMessage& command);
//   void reads_of_send(const tl::box::sendMessage& command, Reads& reads);   // What it will surely look at.
//   constexpr CommandKind kCommands[] = {command<send, reads_of_send>()};
#pragma once
#include <span>
#include <vector>

#include "base/assert.h"
#include "base/result.h"
#include "domain/box/txn.h"
#include "tl/object.h"

namespace helio::domain {

// Keys that commands will look at: the box reads those of everything staged in one call.
using Reads = std::vector<Bytes>;

struct CommandKind {
  std::uint32_t id;
  void (*reads)(const tl::Object& command, Reads& reads);
  // Refusals leave no trace. Throws ReadMiss.
  Result<tl::Box<tl::Object>> (*run)(BoxTxn& box, const tl::Object& command);
};

namespace command_detail {
template <class Answer, class Command>
Command command_of(Result<Answer> (*)(BoxTxn&, const Command&));
}

template <auto kRun, auto kReads>
constexpr CommandKind command() {
  using Command = decltype(command_detail::command_of(kRun));
  return {Command::kId,
          [](const tl::Object& command, Reads& reads) { kReads(static_cast<const Command&>(command), reads); },
          [](BoxTxn& box, const tl::Object& command) -> Result<tl::Box<tl::Object>> {
            TRY(auto answer, kRun(box, static_cast<const Command&>(command)));
            return tl::Box<tl::Object>(std::move(answer));
          }};
}

class Commands {
 public:
  Commands(std::initializer_list<std::span<const CommandKind>> families) {
    for (const auto& family : families) kinds_.insert(kinds_.end(), family.begin(), family.end());
  }
  // Every command has a kind: a missing one is a bug.
  const CommandKind& get(std::uint32_t id) const {
    const auto found = std::ranges::find(kinds_, id, &CommandKind::id);
    ASSERT(found != kinds_.end());
    return *found;
  }

 private:
  std::vector<CommandKind> kinds_;
};

}  // namespace helio::domain
