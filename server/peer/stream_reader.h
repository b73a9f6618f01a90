// The receiving end of one stream: dials the other member and reads the endless body of its answer,
// for ever, at most one try each 100 ms. The loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/check.h"
#include "peer/exchange.h"
#include "peer/stream_codec.h"

namespace keelson::peer {

class StreamReader final : public ExchangeUser {
 public:
  // `changed` is told when the stream comes up and when it has gone.
  StreamReader(Context& context, StreamKind kind, MemberId remote, UrlPicker& urls,
               std::function<void(bool up)> changed);
  ~StreamReader() override { CHECK(!exchange_ && timer_ == 0); }  // stopped; any thread

  void start();
  void stop();

  void on_head(const io::Http1Head& head) override;
  void on_body(std::string_view bytes) override;
  void on_end() override { lost("EOF"); }
  void on_failure(const std::string& error) override { lost(error); }

 private:
  void dial();
  void lost(const std::string& error);
  void refuse(int status);

  Context& context_;
  const StreamKind kind_;
  const MemberId remote_;
  UrlPicker& urls_;
  Counter& received_bytes_;
  const std::function<void(bool up)> changed_;
  std::shared_ptr<Exchange> exchange_;
  std::optional<StreamDecoder> decoder_;  // while the stream is up
  TimePoint tried_{};
  io::TimerId timer_ = 0;
  std::string last_error_;  // logged once
};

}  // namespace keelson::peer
