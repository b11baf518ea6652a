// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace msgsrv {

/// What is kept of a passcode that nobody shall be able to read: argon2id (RFC 9106) in PHC string form,
/// `$argon2id$v=19$m=4096,t=3,p=1$SALT$HASH`. Immutable, so any thread may use it.
class PasscodeHash
{
public:
    /// What a hash may ask for, so that checking a passcode costs neither much memory nor much time.
    static constexpr std::uint32_t mostMemory = 64 * 1024; ///< m, in KiB
    static constexpr std::uint32_t mostPasses = 16; ///< t
    static constexpr std::uint32_t mostLanes = 16; ///< p

    /// The error is a sentence's predicate ("must be ...") that tells nothing of the hash.
    [[nodiscard]] static tl::expected<PasscodeHash, std::string> parse(std::string_view phc);

    enum class Match {
        Yes,
        No,
        Unknown, ///< there was not enough memory to find out
    };
    /// Whether @p presented is the passcode. Takes m of memory and, on purpose, milliseconds to a second of
    /// CPU time in the calling thread; starts no other. Never called in an I/O thread.
    [[nodiscard]] Match verify(std::string_view presented) const;

private:
    PasscodeHash() = default;

    std::uint32_t m_memory = 0; ///< KiB
    std::uint32_t m_passes = 0;
    std::uint32_t m_lanes = 0;
    std::string m_salt;
    std::string m_hash;
};

} // namespace msgsrv
