// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/app/profile.h"
#include "admin-gui/models/flowmodel.h"
#include "admin-gui/pages/page.h"
#include "admin-gui/widgets/palette.h"

#include <QMainWindow>

class QLabel;
class QListWidget;
class QSettings;
class QStackedWidget;

namespace msgsrv::console {

class GoToBox;

/// The window: list of pages, page, banner, status bar. It keeps its layout in @p settings.
class MainWindow : public QMainWindow
{
    Q_OBJECT

public:
    MainWindow(Connection &connection, QSettings &settings, QWidget *parent = nullptr);
    ~MainWindow() override;

    void go(const Link &link);
    [[nodiscard]] Page *page(PageId id) const;
    [[nodiscard]] Page *currentPage() const;
    [[nodiscard]] const std::vector<Page *> &pages() const { return m_pages; }
    /// Name and colour of what is connected to.
    void showProfile(const Profile &profile);
    [[nodiscard]] FlowModel &flow() const { return *m_flow; }
    void openGoTo();
    [[nodiscard]] GoToBox &goToBox() const { return *m_goTo; }
    void resetLayout();

signals:
    void connectionsWanted();
    void themeChosen(msgsrv::console::Theme theme);

protected:
    void closeEvent(QCloseEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    void addPage(Page *page);
    void buildMenus();
    void tint();
    void saveLayout();
    void restoreLayout();
    void searchUsers(const QString &text);
    void showShortcuts();

    Connection &m_connection;
    QSettings &m_settings;
    FlowModel *m_flow;
    QListWidget *m_list;
    QStackedWidget *m_stack;
    QLabel *m_title;
    QLabel *m_profile;
    GoToBox *m_goTo;
    std::vector<Page *> m_pages;
    QByteArray m_firstGeometry;
    QColor m_strip;
    bool m_tinting = false;
    quint64 m_search = 0;
};

} // namespace msgsrv::console
