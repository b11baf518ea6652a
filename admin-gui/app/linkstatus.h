// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"

#include <QWidget>

class QLabel;

namespace msgsrv::console {

/// The right end of the status bar: server, role, state of the link, lag, missed events.
class LinkStatus : public QWidget
{
    Q_OBJECT

public:
    explicit LinkStatus(Connection &connection, QWidget *parent = nullptr);

    [[nodiscard]] QString text() const;
    [[nodiscard]] static QString stateText(const Connection &connection);

protected:
    void changeEvent(QEvent *event) override;

private:
    void update();

    Connection &m_connection;
    QLabel *m_server;
    QLabel *m_state;
    QLabel *m_numbers;
};

} // namespace msgsrv::console
