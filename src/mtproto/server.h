// mtproto/server.h: MTProto as a whole: byte streams below, a Handler above.
//
// Threads: built before the cores run; accept() on the stream's core; the rest on any core.
#pragma once
#include "base/cores.h"
#include "crypto/rsa.h"
#include "mtproto/handler.h"
#include "mtproto/handshake/workers.h"
#include "net/address_limits.h"
#include "net/byte_stream.h"
#include "store/kv.h"

namespace helio::mtproto {

struct ServerSettings {
  bool legacy_key_exchange = true;       // SHA-1 padding and inner data without a DC: widely used libraries send them.
  std::size_t frame_size_max = 2 << 20;  // Of packets under a key; at most 16 MiB.
  std::size_t queue_memory_max = 256 << 20;  // What waits for clients, of the whole process; each core has its share.
  std::size_t queue_memory_core_min = 64 << 20;  // A core's share at least: several of the longest packets.
  int workers = 1;                               // Threads for key exchanges; 0: none, the cores do it (simulations).
  std::size_t worker_queue_max = 256;
  net::AddressCeilings addresses;
  int exchanges_per_address_max = 20;
  int exchanges_max = 50'000;

  // Ceilings that a load test from one address never meets.
  static ServerSettings for_load();
};

// What auth.bindTempAuthKey says, and on what it came.
struct TempKeyBinding {
  std::int64_t temp_key_id = 0;
  std::int64_t session_id = 0;
  std::int64_t msg_id = 0;
  std::int64_t permanent_key_id = 0;
  std::int64_t nonce = 0;
  std::int32_t expires_at = 0;
  Bytes encrypted_message;
};

// What brings a client: WebSocket may carry obfuscated transports only (docs/security.md A04).
enum class Carrier { kStream, kWebSocket };

struct Common;

class Server {
 public:
  // `keys`: the server's own, one or two. `make_random` is called for every thread that needs chance. References
  // outlive the server. Throws std::runtime_error when the key exchange group is not sound.
  Server(Cores& cores, Clock& clock, store::Kv& kv, Handler& handler, std::vector<crypto::RsaKey> keys,
         ServerSettings settings, MakeRandom make_random);
  ~Server();

  // Serves `stream`, which belongs to the calling core.
  void accept(std::unique_ptr<net::ByteStream> stream, Carrier carrier = Carrier::kStream);

  // Ends every connection and session, and returns when all their tasks have ended. Nothing is accepted any more.
  Task<> stop();

  // Lets the temporary key speak for the permanent one, if the encrypted message, under that one, says the same as the
  // rest. False: no detail is told.
  Task<bool> bind_temp(TempKeyBinding binding);

  // Ends the temporary keys bound to `permanent_key_id`, except those named.
  Task<> drop_temps(std::int64_t permanent_key_id, std::vector<std::int64_t> except);

 private:
  class Keeper;

  ServerSettings settings_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Common> common_;
};

}  // namespace helio::mtproto
