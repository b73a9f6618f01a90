#include "front/h2_session.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "base/check.h"
#include "front/grpc_call.h"
#include "front/h2_callbacks.h"
#include "front/h2_http.h"

namespace keelson::front {
namespace {

// The PING whose answer says that the client has read our first GOAWAY.
constexpr uint8_t kDrainPing[8] = {'d', 'r', 'a', 'i', 'n', 'i', 'n', 'g'};
constexpr uint8_t kKeepalivePing[8] = {'a', 'l', 'i', 'v', 'e', '?', 0, 0};

constexpr std::array<std::string_view, kCodeCount> kCodeDigits = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};

uint8_t* bytes_of(std::string_view text) {
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
}

// A header whose texts live until the frame has been made.
nghttp2_nv fixed(std::string_view name, std::string_view value) {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

nghttp2_nv copied(std::string_view name, std::string_view value) {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

nghttp2_nv status_header(const Status& status) {
  return fixed("grpc-status", kCodeDigits.at(static_cast<size_t>(status.code())));
}

// Resets that we send because the client broke a rule; the others are our own decisions.
bool is_provoked(uint32_t error_code) {
  return error_code != NGHTTP2_NO_ERROR && error_code != NGHTTP2_CANCEL &&
         error_code != NGHTTP2_REFUSED_STREAM;
}

bool has_end(const nghttp2_frame& frame) {
  return (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) &&
         (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

H2Session::H2Session(LoopContext& context, Link& link, Rules rules)
    : context_(context),
      link_(link),
      rules_(rules),
      ping_policy_(context.settings.ping_interval_min),
      control_frames_(limits::kControlFrameBurst, limits::kControlFramesPerSecond),
      resets_(limits::kResetBurst, limits::kResetsPerSecond),
      last_input_(context.loop.now()) {
  CHECK(nghttp2_session_server_new2(&session_, h2_callbacks(), this, h2_options()) == 0);
  begin_settings();
  arm_keepalive();
}

H2Session::~H2Session() {
  CHECK(streams_ == nullptr);
  nghttp2_session_del(session_);
}

void H2Session::begin_settings() {
  const nghttp2_settings_entry entries[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, context_.settings.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, uint32_t{limits::kStreamWindowBytes}},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, uint32_t{limits::kHeaderListBytes}},
  };
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries, std::size(entries)) == 0);
  CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                              limits::kConnectionWindowBytes) == 0);
}

// --- bytes --------------------------------------------------------------------------------------

void H2Session::input(std::string_view bytes) {
  if (broken_) return;
  last_input_ = context_.loop.now();
  const ssize_t n = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
  if (n < 0) {
    // Not HTTP/2 at all, or a flood that nghttp2 itself counts: nothing to say.
    broken_ = true;
    last_goaway_sent_ = true;
  }
  link_.wants_flush();
}

void H2Session::output(std::string& out, size_t limit) {
  out_ = &out;
  out_limit_ = out.size() + limit;
  while (out.size() < out_limit_) {
    const uint8_t* data = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_, &data);
    if (n < 0) broken_ = last_goaway_sent_ = true;
    if (n <= 0) break;
    out.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
  }
  out_ = nullptr;
}

bool H2Session::finished() const {
  if (broken_) return last_goaway_sent_;
  const bool done =
      nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  if (!draining_) return done;
  return last_goaway_sent_ && (streams_ == nullptr || done);
}

bool H2Session::send_data(H2Stream& stream, std::string_view frame_head, size_t bytes) {
  if (out_->size() >= out_limit_) return false;
  out_->append(frame_head);
  stream.take_output(bytes, *out_);
  return true;
}

ssize_t H2Session::next_output(H2Stream& stream, size_t limit, uint32_t& flags) {
  const size_t ready = stream.output_ready();
  const size_t n = std::min(ready, limit);
  if (n == ready && stream.output_complete()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (const Status* status = stream.trailers()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers(stream, *status);
    }
  } else if (n == 0) {
    stream.waiting_for_output_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return static_cast<ssize_t>(n);
}

void H2Session::sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA)
    ping_policy_.sent_something();
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.last_stream_id != INT32_MAX)
    last_goaway_sent_ = true;
  if (frame.hd.type == NGHTTP2_RST_STREAM && is_provoked(frame.rst_stream.error_code))
    count_reset();
  if (!has_end(frame)) return;
  // We are done with a request that is still coming in: say that the rest is not wanted.
  H2Stream* stream = find(frame.hd.stream_id);
  if (stream != nullptr && !stream->remote_closed_) reset(*stream, NGHTTP2_NO_ERROR);
}

// --- streams ------------------------------------------------------------------------------------

H2Stream* H2Session::find(int32_t stream_id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_, stream_id));
}

void H2Session::begin_request(int32_t stream_id) {
  head_.clear();
  head_too_large_ = false;
  head_stream_ = stream_id;
}

void H2Session::add_header(std::string_view name, std::string_view value) {
  if (!head_.add(name, value)) head_too_large_ = true;
}

bool H2Session::takes_new_streams() const {
  return !broken_ && !(draining_ && last_goaway_sent_) &&
         parked_output_ <= limits::kConnectionOutputBytes;
}

// On a port where HTTP lives beside gRPC in one TLS server, the content type decides, as in etcd;
// where gRPC's own stack listens, everything is a call and may be refused as one.
std::unique_ptr<H2Stream> H2Session::make_stream() {
  const bool named = head_.content_type.find("application/grpc") != std::string::npos;
  if (rules_.grpc && (named || rules_.not_grpc == NotGrpc::kRefuse)) return context_.take_call();
  return std::make_unique<H2Http>(context_, link_);
}

void H2Session::end_head(int32_t stream_id) {
  CHECK(head_stream_ == stream_id);
  if (head_too_large_ || !takes_new_streams()) {
    const uint32_t code = head_too_large_ ? NGHTTP2_FRAME_SIZE_ERROR : NGHTTP2_REFUSED_STREAM;
    CHECK(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, code) == 0);
    return;
  }
  H2Stream* stream = make_stream().release();  // owned by the list until on_closed()
  link_stream(*stream, stream_id);
  stream->start(*this, head_);
}

void H2Session::link_stream(H2Stream& stream, int32_t stream_id) {
  stream.id_ = stream_id;
  stream.next_ = streams_;
  if (streams_ != nullptr) streams_->prev_ = &stream;
  streams_ = &stream;
  stream_count_++;
  CHECK(nghttp2_session_set_stream_user_data(session_, stream_id, &stream) == 0);
}

void H2Session::unlink_stream(H2Stream& stream) {
  if (stream.next_ != nullptr) stream.next_->prev_ = stream.prev_;
  (stream.prev_ != nullptr ? stream.prev_->next_ : streams_) = stream.next_;
  stream.next_ = stream.prev_ = nullptr;
  stream_count_--;
}

void H2Session::data(int32_t stream_id, std::string_view bytes, bool last) {
  H2Stream* stream = find(stream_id);
  if (stream != nullptr && !broken_) stream->on_data(bytes, last);
}

void H2Session::end_request(int32_t stream_id) {
  H2Stream* stream = find(stream_id);
  if (stream == nullptr || broken_) return;
  stream->remote_closed_ = true;
  stream->on_end();
}

void H2Session::stream_closed(int32_t stream_id) {
  H2Stream* stream = find(stream_id);
  if (stream == nullptr) return;
  unlink_stream(*stream);
  stream->on_closed();
  stream->release();
}

void H2Session::closed() {
  context_.connection_timers.clear(*this);
  broken_ = last_goaway_sent_ = true;
  while (streams_ != nullptr) {
    H2Stream* stream = streams_;
    unlink_stream(*stream);
    stream->on_closed();
    stream->release();
  }
}

void H2Session::add_parked_output(ptrdiff_t bytes) {
  parked_output_ = static_cast<size_t>(static_cast<ptrdiff_t>(parked_output_) + bytes);
}

bool H2Session::add_held_input(ptrdiff_t bytes) {
  held_input_ = static_cast<size_t>(static_cast<ptrdiff_t>(held_input_) + bytes);
  return held_input_ <= limits::kConnectionInputBytes;
}

// --- what streams send --------------------------------------------------------------------------

void H2Session::submit_response(H2Stream& stream) {
  const nghttp2_nv headers[] = {fixed(":status", "200"), fixed("content-type", "application/grpc")};
  const nghttp2_data_provider body = h2_body_of(&stream);
  CHECK(nghttp2_submit_response(session_, stream.id_, headers, std::size(headers), &body) == 0);
  link_.wants_flush();
}

void H2Session::submit_trailers_only(H2Stream& stream, const Status& status, int http_status) {
  const std::string digits = std::to_string(http_status);
  const std::string message = percent_encode(status.text());
  const nghttp2_nv headers[] = {copied(":status", digits),
                                fixed("content-type", "application/grpc"), status_header(status),
                                copied("grpc-message", message)};
  CHECK(nghttp2_submit_response(session_, stream.id_, headers, std::size(headers), nullptr) == 0);
  link_.wants_flush();
}

void H2Session::submit_trailers(H2Stream& stream, const Status& status) {
  const std::string message = percent_encode(status.text());
  const nghttp2_nv trailers[] = {status_header(status), copied("grpc-message", message)};
  const size_t count = message.empty() ? 1 : 2;
  CHECK(nghttp2_submit_trailer(session_, stream.id_, trailers, count) == 0);
}

void H2Session::submit_http_response(H2Stream& stream, const HttpResponse& response) {
  const std::string digits = std::to_string(response.status);
  std::vector<nghttp2_nv> headers = {copied(":status", digits)};
  for (const auto& [name, value] : response.headers) headers.push_back(copied(name, value));
  const nghttp2_data_provider body = h2_body_of(&stream);
  const bool empty = stream.output_ready() == 0;
  CHECK(nghttp2_submit_response(session_, stream.id_, headers.data(), headers.size(),
                                empty ? nullptr : &body) == 0);
  link_.wants_flush();
}

void H2Session::resume(H2Stream& stream) {
  // Fails when the stream is being reset: there is nobody to send to then.
  if (std::exchange(stream.waiting_for_output_, false))
    (void)nghttp2_session_resume_data(session_, stream.id_);
  link_.wants_flush();
}

void H2Session::reset(H2Stream& stream, uint32_t error_code) {
  CHECK(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, error_code) == 0);
  link_.wants_flush();
}

// --- floods, keepalive, end ---------------------------------------------------------------------

void H2Session::count_reset() {
  if (!resets_.take(context_.loop.now())) give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_resets");
}

void H2Session::count_frame(const nghttp2_frame_hd& head) {
  const bool ack = (head.flags & NGHTTP2_FLAG_ACK) != 0;
  bool costly = false;
  switch (head.type) {
    case NGHTTP2_DATA:
      costly = head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0;
      break;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      costly = !ack;
      break;
    case NGHTTP2_RST_STREAM:
      count_reset();
      break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_GOAWAY:
    case NGHTTP2_CONTINUATION:
      break;
    default:
      costly = true;  // PRIORITY and what nobody knows
  }
  if (costly && !control_frames_.take(context_.loop.now()))
    give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames");
}

void H2Session::check_stream(const nghttp2_frame_hd& head) {
  if (head.type != NGHTTP2_HEADERS) return;
  if (head.stream_id > last_stream_) {
    last_stream_ = head.stream_id;
  } else if (nghttp2_session_find_stream(session_, head.stream_id) == nullptr) {
    give_up(NGHTTP2_PROTOCOL_ERROR, "stream_is_closed");
  }
}

void H2Session::on_ping(const nghttp2_ping& ping, bool ack) {
  if (ack) {
    ping_outstanding_ = false;
    if (draining_ && std::equal(std::begin(kDrainPing), std::end(kDrainPing), ping.opaque_data)) {
      CHECK(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                                  nghttp2_session_get_last_proc_stream_id(session_),
                                  NGHTTP2_NO_ERROR, nullptr, 0) == 0);
    }
    return;
  }
  const bool fine = ping_policy_.on_ping(context_.loop.now(), stream_count_ > 0);
  if (!fine && rules_.police_pings) give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
}

void H2Session::give_up(uint32_t error_code, std::string_view reason) {
  if (broken_) return;
  broken_ = true;
  CHECK(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_), error_code,
                              bytes_of(reason), reason.size()) == 0);
  link_.wants_flush();
}

void H2Session::arm_keepalive() {
  const Duration interval = context_.settings.keepalive_interval;
  if (interval <= Duration::zero()) return;
  const TimePoint next =
      ping_outstanding_ ? ping_sent_ + context_.settings.keepalive_timeout : last_input_ + interval;
  context_.connection_timers.set(*this, next);
}

// Any input counts as a sign of life, as in grpc-go; timers are not moved for it but look back.
void H2Session::on_time(TimePoint now) {
  const Settings& settings = context_.settings;
  if (ping_outstanding_ && last_input_ >= ping_sent_) ping_outstanding_ = false;
  if (ping_outstanding_ && now - ping_sent_ >= settings.keepalive_timeout) {
    broken_ = last_goaway_sent_ = true;
    link_.wants_flush();
    return;
  }
  if (!ping_outstanding_ && now - last_input_ >= settings.keepalive_interval) {
    ping_outstanding_ = true;
    ping_sent_ = now;
    CHECK(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kKeepalivePing) == 0);
    link_.wants_flush();
  }
  arm_keepalive();
}

void H2Session::drain() {
  if (draining_ || broken_) return;
  draining_ = true;
  CHECK(nghttp2_submit_shutdown_notice(session_) == 0);
  CHECK(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kDrainPing) == 0);
  link_.wants_flush();
}

}  // namespace keelson::front
