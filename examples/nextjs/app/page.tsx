import { redirect } from "next/navigation";
import { SignOutButton } from "@/components/sign-out-button";
import { TaskBoard } from "@/components/task-board";
import { currentUser } from "@/lib/session";
import { parseView } from "@/lib/view";

export default async function TasksPage({ searchParams }: PageProps<"/">) {
  const user = await currentUser();
  if (!user) redirect("/sign-in");
  return (
    <>
      <header className="bar">
        <p className="wordmark">Tasks</p>
        <p className="who" title={user.email}>
          {user.name}
        </p>
        <SignOutButton />
      </header>
      <main className="board">
        <TaskBoard userId={user.id} initialView={parseView(await searchParams)} />
      </main>
    </>
  );
}
