// HTTP exchanges over a member's peer URLs that are no raft messages. The loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "peer/exchange.h"

namespace keelson::peer {

struct FetchReply {
  int status = 0;                                            // 0: no answer, `error` says why
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string error;
  std::string_view header(std::string_view name) const;  // empty when absent
};

struct RequestSpec {
  std::vector<PeerUrl> urls;  // tried in turn, again after 50 ms, until the time is over
  std::string method, path, body;
  Headers headers;
  Duration timeout{};
  bool once = false;  // each URL one time
};

class Request final : public ExchangeUser {
 public:
  // `done` is called once; the request may be destroyed after it, not within.
  Request(Context& context, RequestSpec spec, std::function<void(FetchReply&&)> done);
  ~Request() override;

  void begin();
  void abandon(const std::string& error);  // ends it now

  void on_head(const io::Http1Head& head) override;
  void on_body(std::string_view bytes) override;
  void on_end() override { finish(); }
  void on_failure(const std::string& error) override;

 private:
  void attempt();
  void finish();

  Context& context_;
  const RequestSpec spec_;
  std::function<void(FetchReply&&)> done_;
  std::shared_ptr<Exchange> exchange_;
  size_t next_url_ = 0;
  io::TimerId deadline_ = 0, retry_ = 0;
  FetchReply reply_;
};

}  // namespace keelson::peer
