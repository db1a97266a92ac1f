import { redirect } from "next/navigation";
import { SignOutButton } from "@/components/sign-out-button";
import { Help } from "@/components/tasks/help";
import { TaskBoard } from "@/components/tasks/task-board";
import { currentUser } from "@/lib/session";
import { parseView } from "@/lib/view";

export default async function TasksPage({ searchParams }: PageProps<"/">) {
  const user = await currentUser();
  if (!user) redirect("/sign-in");
  return (
    <>
      <header className="bar">
        <h1 className="wordmark">Tasks</h1>
        <p className="who" title={user.email}>
          {user.name}
        </p>
        <Help />
        <SignOutButton />
      </header>
      <main className="board">
        <TaskBoard userId={user.id} initialView={parseView(await searchParams)} />
      </main>
    </>
  );
}
