#include "peer/stream_reader.h"

#include "base/bytes.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

std::string_view name_of(StreamKind kind) {
  return kind == StreamKind::kMsgApp ? "msgapp" : "message";
}

}  // namespace

StreamReader::StreamReader(Context& context, StreamKind kind, MemberId remote, UrlPicker& urls,
                           std::function<void(bool up)> changed)
    : context_(context),
      kind_(kind),
      remote_(remote),
      urls_(urls),
      received_bytes_(context.metrics.received_bytes(remote)),
      changed_(std::move(changed)) {}

void StreamReader::start() { dial(); }

void StreamReader::stop() {
  context_.loop.cancel(std::exchange(timer_, 0));
  if (exchange_) exchange_->close();
  exchange_.reset();
  if (std::exchange(decoder_, std::nullopt).has_value()) changed_(false);
}

void StreamReader::dial() {
  tried_ = context_.loop.now();
  const PeerUrl* url = urls_.pick();
  if (url == nullptr) return lost("no peer URL");
  Headers headers = raft_headers(context_.identity);
  headers.emplace_back("X-Raft-To", hex(remote_.value));
  exchange_ = std::make_shared<Exchange>(context_, *url, *this);
  exchange_->request(
      "GET",
      "/raft/stream/" + std::string(name_of(kind_)) + "/" + hex(context_.identity.member.value),
      headers, {});
  exchange_->demand_bytes_every(limits::kStreamSilence);
  exchange_->begin();
}

void StreamReader::on_head(const io::Http1Head& head) {
  if (head.status != 200) return refuse(head.status);
  last_error_.clear();
  decoder_.emplace(kind_, remote_, context_.identity.member);
  context_.log.info("established TCP streaming connection with remote peer",
                    {{"stream-reader-type", name_of(kind_)},
                     {"local-member-id", hex(context_.identity.member.value)},
                     {"remote-peer-id", hex(remote_.value)}});
  changed_(true);
}

void StreamReader::refuse(int status) {
  if (status == 410 && context_.sink != nullptr) context_.sink->told_removed();
  lost("unexpected http status " + std::to_string(status));
}

void StreamReader::on_body(std::string_view bytes) {
  if (!decoder_) return;
  received_bytes_.add(bytes.size());
  if (decoder_->feed(bytes, context_.received)) return;
  context_.metrics.received_failures(hex(remote_.value)).add();
  lost("malformed stream");
}

// At once when the last try is long ago: a stream that was up comes back without delay.
void StreamReader::lost(const std::string& error) {
  const bool was_up = std::exchange(decoder_, std::nullopt).has_value();
  if (error != last_error_ || was_up) {
    context_.log.warn(was_up ? "lost TCP streaming connection with remote peer"
                             : "cannot open TCP stream to remote peer",
                      {{"stream-reader-type", name_of(kind_)},
                       {"remote-peer-id", hex(remote_.value)},
                       {"error", error}});
  }
  last_error_ = error;
  if (exchange_) exchange_->close();
  urls_.failed(exchange_ ? exchange_->url().text : std::string());
  timer_ = context_.loop.call_at(std::max(context_.loop.now(), tried_ + limits::kRedial), [this] {
    timer_ = 0;
    dial();
  });
  if (was_up) changed_(false);
}

}  // namespace keelson::peer
