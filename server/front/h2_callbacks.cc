#include "front/h2_callbacks.h"

#include <cstdint>

#include "base/check.h"
#include "front/front_limits.h"
#include "front/h2_session.h"

namespace keelson::front {

struct H2Callbacks {
  static H2Session& session(void* user_data) { return *static_cast<H2Session*>(user_data); }
  static std::string_view view(const uint8_t* data, size_t size) {
    return {reinterpret_cast<const char*>(data), size};
  }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data) {
    session(user_data).count_frame(*head);
    session(user_data).check_stream(*head);
    return 0;
  }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      session(user_data).begin_request(frame->hd.stream_id);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* user_data) {
    // Trailers of a request mean nothing in gRPC.
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      session(user_data).add_header(view(name, name_size), view(value, value_size));
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    H2Session& s = session(user_data);
    const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) s.end_head(frame->hd.stream_id);
        if (last) s.end_request(frame->hd.stream_id);
        break;
      case NGHTTP2_DATA:
        if (last) s.end_request(frame->hd.stream_id);
        break;
      case NGHTTP2_PING:
        s.on_ping(frame->ping, (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0);
        break;
      default:
        break;
    }
    return 0;
  }

  static int data_chunk(nghttp2_session*, uint8_t flags, int32_t stream_id, const uint8_t* data,
                        size_t size, void* user_data) {
    session(user_data).data(stream_id, view(data, size), (flags & NGHTTP2_FLAG_END_STREAM) != 0);
    return 0;
  }

  static int stream_close(nghttp2_session*, int32_t stream_id, uint32_t, void* user_data) {
    session(user_data).stream_closed(stream_id);
    return 0;
  }

  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    session(user_data).sent(*frame);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
                           nghttp2_data_source* source, void* user_data) {
    return session(user_data).next_output(*static_cast<H2Stream*>(source->ptr), length, *flags);
  }

  static int send_body(nghttp2_session*, nghttp2_frame* frame, const uint8_t* frame_head,
                       size_t length, nghttp2_data_source* source, void* user_data) {
    CHECK(frame->data.padlen == 0);
    return session(user_data).send_data(*static_cast<H2Stream*>(source->ptr),
                                        view(frame_head, kFrameHeadBytes), length)
               ? 0
               : NGHTTP2_ERR_WOULDBLOCK;
  }

  static constexpr size_t kFrameHeadBytes = 9;
};

const nghttp2_session_callbacks* h2_callbacks() {
  static const nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* c = nullptr;
    CHECK(nghttp2_session_callbacks_new(&c) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, H2Callbacks::begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, H2Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, H2Callbacks::header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, H2Callbacks::frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, H2Callbacks::data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, H2Callbacks::stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, H2Callbacks::frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(c, H2Callbacks::send_body);
    return c;
  }();
  return callbacks;
}

const nghttp2_option* h2_options() {
  static const nghttp2_option* const options = [] {
    nghttp2_option* o = nullptr;
    CHECK(nghttp2_option_new(&o) == 0);
    // The session counts resets itself, on the loop's clock; nghttp2 asks the system for the time,
    // and its default takes an honest client whose calls time out in bulk for an attack.
    nghttp2_option_set_stream_reset_rate_limit(o, UINT64_MAX, UINT64_MAX);
    nghttp2_option_set_max_outbound_ack(o, limits::kParkedAcks);
    // Closed streams are of no use to us; the default keeps as many as may be open.
    nghttp2_option_set_no_closed_streams(o, 1);
    return o;
  }();
  return options;
}

nghttp2_data_provider h2_body_of(void* stream) {
  nghttp2_data_provider provider{};
  provider.source.ptr = stream;
  provider.read_callback = H2Callbacks::read_body;
  return provider;
}

}  // namespace keelson::front
