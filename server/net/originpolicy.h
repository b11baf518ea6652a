// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// Which web pages may talk to us (net.allowed_origins), asked for WebSocket handshakes and for CORS. A
/// value: copy it freely, read it from any thread.
///
/// An Origin (RFC 6454) is what a browser says of the page that a request comes from. Programs that are no
/// browsers send none, and are allowed. `null` (sandboxed frames, files) is nobody's, and is refused.
class OriginPolicy
{
public:
    /// Allows the pages of the host that the request came to, whatever their scheme and port.
    OriginPolicy() = default;

    /// Allows the pages that @p allowed lists, and no others; an empty list is the default policy. Entries:
    /// `scheme://host[:port]` (without a port the scheme's own is meant), `host` (any scheme and port) or
    /// `host:port` (any scheme), `*` (every page whose Origin can be read). The error is a sentence that
    /// names the entry.
    [[nodiscard]] static tl::expected<OriginPolicy, std::string>
    parse(const std::vector<std::string> &allowed);

    /// @p origin is the value of the request's Origin field, nothing when it has none. @p host is the
    /// authority that the client used. An Origin without a scheme is read as a host.
    [[nodiscard]] bool allows(std::optional<std::string_view> origin, std::string_view host) const;

private:
    struct Pattern
    {
        std::string scheme; ///< in lower case; empty: any
        std::string host;
        std::optional<std::uint16_t> port; ///< nothing: any, or the scheme's own

        [[nodiscard]] bool matches(const Pattern &origin) const;
    };
    [[nodiscard]] static std::optional<Pattern> read(std::string_view text);

    std::vector<Pattern> m_allowed;
    bool m_any = false; ///< "*" was listed
};

} // namespace msgsrv
