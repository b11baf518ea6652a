// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/sdp.h"

#include <QString>

#include <vector>

namespace msgsrv::console {

/// One row of two descriptions side by side.
struct SdpDiffRow
{
    enum class Kind {
        Section, ///< the titles of two sections
        Same,
        Changed, ///< the same attribute with another value
        OnlyLeft,
        OnlyRight
    };
    Kind kind = Kind::Same;
    QString left;
    QString right;
};

/// Compares two descriptions, section by section in their order, line by line. What stands in another order
/// and is otherwise the same comes out as removed and added, since order has a meaning for codecs. Bounded:
/// of a section with more than 500 lines the rest is left out.
[[nodiscard]] std::vector<SdpDiffRow> sdpDiff(const Sdp &left, const Sdp &right);

} // namespace msgsrv::console
