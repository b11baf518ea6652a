// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace msgsrv {

/// The alphabet of RFC 4648, paragraph 5; the index is the value of six bits.
inline constexpr char base64UrlAlphabet[]
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

} // namespace msgsrv
