// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/remotetablemodel.h"
#include "admin-gui/pages/page.h"

#include <QTimer>

class QComboBox;
class QGridLayout;
class QLabel;
class QPushButton;
class QSplitter;

namespace msgsrv::console {

class LadderView;
class MessagePanel;

/// One user: facts, messages as a ladder, and with whom what is wrong.
class SessionPage : public Page
{
    Q_OBJECT

public:
    SessionPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Session; }
    [[nodiscard]] QString title() const override { return tr("Session"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Session; }
    void setActive(bool active) override;
    void go(const Link &link) override;
    [[nodiscard]] bool isSettled() const override { return m_model->isLoaded() && !m_user.isEmpty(); }
    [[nodiscard]] QByteArray layoutState() const override;
    void restoreLayout(const QByteArray &state) override;

    [[nodiscard]] QString user() const { return m_user; }
    [[nodiscard]] QString fact(const QString &column) const;
    [[nodiscard]] MessagePanel &panel() const { return *m_panel; }
    [[nodiscard]] LadderView &ladder() const { return *m_ladder; }

private:
    void update();
    void showCurrent();
    void disconnectUser();

    RemoteTableModel *m_model;
    QComboBox *m_users; ///< to type or choose another
    QLabel *m_state;
    QPushButton *m_disconnect;
    QGridLayout *m_facts;
    std::vector<QLabel *> m_values;
    LadderView *m_ladder;
    MessagePanel *m_panel;
    QSplitter *m_splitter;
    QByteArray m_firstSplit;
    QString m_user;
    QTimer m_judge;
};

} // namespace msgsrv::console
