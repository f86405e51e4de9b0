// store/rocks/bench/bare_loop.h: the same messages put straight into RocksDB by one thread, as fast as it can.
//
// Ten keys for each message: four rows and a version in each of two boxes, in our layout, with our options; so many
// messages in one synced WriteBatch. No conditions, no one to answer, nothing to read: what RocksDB itself costs.
#pragma once
#include "store/rocks/bench/senders.h"
#include "store/rocks/database.h"

namespace helio::store::rocks::bench {

class BareLoop {
 public:
  // All outlive this. The database is empty.
  BareLoop(Database& database, Traffic& traffic, Clock& clock);

  // Blocks. Throws StoreDown when RocksDB fails.
  Sent send(std::uint32_t batch_messages, std::uint64_t messages);

 private:
  struct Box {
    Bytes prefix = {}, head_key = {};
    std::uint32_t pts = 0;
  };

  void append(Box& box, std::uint32_t peer);

  Database& database_;
  Traffic& traffic_;
  Clock& clock_;
  std::vector<Box> boxes_;
  rocksdb::WriteBatch batch_;
  Bytes key_;
};

}  // namespace helio::store::rocks::bench
