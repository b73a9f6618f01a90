// nghttp2's callbacks, translated into the session's own methods.
#pragma once

#include <nghttp2/nghttp2.h>

namespace keelson::front {

// Made once; the same for every session.
const nghttp2_session_callbacks* h2_callbacks();
const nghttp2_option* h2_options();
// The provider for a stream's body; source.ptr is the H2Stream.
nghttp2_data_provider h2_body_of(void* stream);

}  // namespace keelson::front
